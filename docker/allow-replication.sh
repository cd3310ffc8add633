#!/bin/sh
# Run once, when the database is made: lets manage.py backup --base connect from the other containers.
echo "host replication all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
