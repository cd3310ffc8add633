"""A file as its shop exports it, and importing it."""

from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import call_command

from core.actor import SYSTEM
from core.jobs.models import Job
from core.jobs.running import run_job
from orders.importing.mapping import FileMapping
from orders.models import Channel
from orders.services.import_start import start_import

UCI = """InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
1,A-1,MUG,6.0,2010-12-01 08:26:00,2.55,17850.0,United Kingdom
1,B-1,PLATE,2.0,2010-12-01 08:26:00,1.00,17850.0,United Kingdom
2,A-1,MUG,1.0,2010-12-01 09:00:00,2.55,,EIRE
1,A-1,MUG,6.0,2010-12-01 08:26:00,2.55,17850.0,United Kingdom
C3,A-1,MUG,-6.0,2010-12-01 10:00:00,2.55,17850.0,United Kingdom
A4,B,Adjust bad debt,1.0,2010-12-01 10:00:00,11062.06,,United Kingdom
5,B-1,damaged,-20.0,2010-12-01 10:00:00,0.0,,United Kingdom
6,POST,POSTAGE,1.0,2010-12-01 11:00:00,18.0,12583.0,Unspecified
7,A-1,MUG,x,2010-12-01 11:00:00,18.0,12583.0,France
8,a-1,mug,1.0,2010-12-01 11:00:00,0.0,12583.0,Channel Islands
"""


def uci(path: Path, *extra: str) -> tuple[str, int]:
    """What the command says of importing the file, and its exit code."""
    out, err = StringIO(), StringIO()
    arguments = ["--channel", "uci", "--preset", "uci", "--create-channel", *extra]
    try:
        call_command("import_orders", str(path), *arguments, stdout=out, stderr=err)
    except SystemExit as stop:
        return out.getvalue(), int(stop.code or 0)
    return out.getvalue(), 0


def run(channel: Channel, path: Path, mapping: FileMapping, **options: Any) -> Job:
    """The finished job."""
    job = start_import(channel=channel, path=path, name=path.name, mapping=mapping, actor=SYSTEM, **options)
    finished = run_job(job.pk)
    assert finished is not None
    return finished
