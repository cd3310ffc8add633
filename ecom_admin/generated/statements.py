"""The statements of one chunk, in their order; all take the same named parameters.

Temporary tables hold the chunk's plan: who ordered what, and how far it got. Pseudo-random choices are hashes
of the running number, so that two runs give alike data.
"""

_FORGET = "DROP TABLE IF EXISTS generated_customer, generated_order, generated_line, generated_total"

_CUSTOMERS = """
CREATE TEMP TABLE generated_customer ON COMMIT DROP AS
SELECT g, nextval(%(crm_customer)s::regclass) AS id,
       (ARRAY['浙江省','上海市','北京市','广东省','四川省'])[1 + g %% 5] AS province,
       (ARRAY['杭州市','上海市','北京市','广州市','成都市'])[1 + g %% 5] AS city,
       (ARRAY['西湖区','浦东新区','朝阳区','天河区','武侯区'])[1 + g %% 5] AS district,
       (ARRAY['310012','200120','100020','510630','610041'])[1 + g %% 5] AS postal_code,
       '演示巷 ' || (1 + g %% 399) || ' 号' AS street,
       (ARRAY['张示例','李样品','王测试','赵演示','陈样例','刘试用'])[1 + g %% 6] AS name
  FROM generate_series((%(first)s + 2) / 3, (%(last)s + 2) / 3) AS g
"""

_ORDERS = """
CREATE TEMP TABLE generated_order ON COMMIT DROP AS
SELECT p.*, c.id AS customer_id, c.name, c.province, c.city, c.district, c.street, c.postal_code,
       '+86199' || lpad((c.id %% 100000000)::text, 8, '0') AS phone,
       kind IN ('completed', 'delivered') AS arrived,
       kind IN ('completed', 'delivered', 'in_transit') AS gone,
       kind IN ('completed', 'delivered', 'in_transit', 'allocated', 'released', 'picking', 'packed') AS has_stock
  FROM (SELECT n, nextval(%(orders_order)s::regclass) AS id,
               nextval(%(orders_fulfilmentorder)s::regclass) AS fulfilment_id,
               nextval(%(logistics_shipment)s::regclass) AS shipment_id,
               (%(warehouses)s::bigint[])[1 + n %% 2] AS warehouse_id,
               %(now)s::timestamptz - (1.0002 - n::float8 / %(total)s) * interval '365 days' AS placed_at,
               1 + (hashint8(n) & 65535) %% 3 AS line_count,
               CASE WHEN n > 0.985 * %(total)s AND %(moving)s < 1
                    THEN (ARRAY['address', 'payment', 'backordered', 'allocated', 'released', 'picking', 'packed',
                                'cancelled'])[1 + n %% 8]
                    WHEN n > (0.985 - %(moving)s) * %(total)s THEN 'in_transit'
                    WHEN n %% 33 = 0 THEN 'cancelled'
                    WHEN n > (0.965 - %(moving)s) * %(total)s THEN 'delivered'
                    ELSE 'completed' END AS kind
          FROM generate_series(%(first)s, %(last)s) AS n) AS p
  JOIN generated_customer AS c ON c.g = (p.n + 2) / 3
"""

_LINES = """
CREATE TEMP TABLE generated_line ON COMMIT DROP AS
SELECT o.id AS order_id, o.fulfilment_id, o.warehouse_id, o.kind, o.gone, o.has_stock, o.placed_at, position,
       nextval(%(orders_orderline)s::regclass) AS id,
       nextval(%(orders_fulfilmentline)s::regclass) AS fulfilment_line_id,
       s.id AS sku_id, s.code, s.name, s.unit_price, s.weight_g, 1 + (hashint8(o.n + position) & 65535) %% 3 AS quantity
  FROM generated_order AS o
 CROSS JOIN LATERAL generate_series(1, o.line_count) AS position
  JOIN LATERAL (SELECT CASE WHEN o.kind = 'backordered' THEN (%(sold_out)s::bigint[])[1 + (o.n + position) %% 20]
                       ELSE (%(skus)s::bigint[])[1 + ((hashint8(o.n) & 65535) + 37 * position) %% 1000] END AS id
       ) AS picked ON true
  JOIN inventory_sku AS s ON s.id = picked.id
"""

_TOTALS = """
CREATE TEMP TABLE generated_total ON COMMIT DROP AS
SELECT order_id, sum(quantity) AS units, sum(quantity * unit_price) AS items, sum(quantity * weight_g) AS weight
  FROM generated_line GROUP BY order_id
"""

_ANALYSE = "ANALYZE generated_customer, generated_order, generated_line, generated_total"

_WRITE_CUSTOMERS = """
INSERT INTO crm_customer (id, name, email, email_normalised, phone, phone_e164, country, language, note,
                          created_at, updated_at)
SELECT c.id, c.name, 'g' || c.id || '@example.com', 'g' || c.id || '@example.com', p.phone, p.phone, 'CN', '', '',
       %(now)s, %(now)s
  FROM generated_customer AS c, LATERAL (SELECT '+86199' || lpad((c.id %% 100000000)::text, 8, '0') AS phone) AS p
"""

_WRITE_IDENTITIES = """
INSERT INTO crm_customeridentity (customer_id, source, external_id, created_at)
SELECT id, 'generated', 'G' || id, %(now)s FROM generated_customer
"""

_WRITE_ADDRESSES = """
INSERT INTO crm_customeraddress (customer_id, fingerprint, name, phone, country, province, city, district, street,
                                 postal_code, first_used_at, last_used_at)
SELECT DISTINCT ON (customer_id) customer_id, md5(customer_id::text) || md5(street), name, phone, 'CN', province, city,
       district, street, postal_code, placed_at, placed_at
  FROM generated_order ORDER BY customer_id
"""

_WRITE_ORDERS = """
INSERT INTO orders_order (
    id, number, channel_id, external_id, customer_id, status, payment_status, payment_method, payment_reference,
    paid_at, currency, items_total, shipping_fee, discount, tax, total, line_count, unit_count, buyer_name, buyer_email,
    buyer_phone, ship_name, ship_phone, ship_phone_e164, ship_country, ship_province, ship_city, ship_district,
    ship_street, ship_postal_code, buyer_note, tags, placed_at, received_at, validated_at, approved_at, allocated_at,
    released_at, shipped_at, delivered_at, completed_at, cancelled_at, open_hold_count, payload_sha256, duplicate_key,
    version)
SELECT o.id, 'SO' || lpad(o.id::text, 8, '0'), %(channel)s, 'G' || o.id, o.customer_id,
       CASE kind WHEN 'address' THEN 'pending_review' WHEN 'payment' THEN 'pending_payment'
                 WHEN 'in_transit' THEN 'shipped' WHEN 'completed' THEN kind WHEN 'delivered' THEN kind
                 WHEN 'cancelled' THEN kind ELSE 'approved' END,
       CASE kind WHEN 'payment' THEN 'unpaid' ELSE 'paid' END, 'alipay', '',
       CASE WHEN kind <> 'payment' THEN placed_at END,
       'CNY', t.items, 0, 0, 0, t.items, o.line_count, t.units, o.name, 'g' || o.customer_id || '@example.com',
       o.phone, o.name, o.phone, o.phone, 'CN', o.province, o.city, o.district,
       CASE kind WHEN 'address' THEN '' ELSE o.street END, o.postal_code, '', '{}', placed_at,
       placed_at + interval '20 seconds', placed_at + interval '22 seconds',
       CASE WHEN has_stock OR kind = 'backordered' THEN placed_at + interval '22 seconds' END,
       CASE WHEN has_stock OR kind = 'backordered' THEN placed_at + interval '24 seconds' END,
       CASE WHEN has_stock AND kind <> 'allocated' THEN placed_at + interval '30 seconds' END,
       CASE WHEN gone THEN placed_at + interval '10 hours' END,
       CASE WHEN arrived THEN placed_at + interval '58 hours' END,
       CASE WHEN kind = 'completed' THEN placed_at + interval '10 days' END,
       CASE WHEN kind = 'cancelled' THEN placed_at + interval '1 hour' END,
       CASE WHEN kind IN ('address', 'payment') THEN 1 ELSE 0 END,
       md5(o.id::text) || md5(o.n::text), md5(o.customer_id::text || t.items::text) || md5(o.id::text), 1
  FROM generated_order AS o JOIN generated_total AS t ON t.order_id = o.id
 ORDER BY o.id
"""

_WRITE_LINES = """
INSERT INTO orders_orderline (id, order_id, position, external_id, external_sku, sku_id, name, quantity, unit_price,
                              discount, tax, total)
SELECT id, order_id, position, position::text, code, sku_id, name, quantity, unit_price, 0, 0, quantity * unit_price
  FROM generated_line ORDER BY id
"""

_WRITE_MESSAGES = """
INSERT INTO orders_intakemessage (channel_id, source, external_id, content_sha256, raw, outcome, errors, order_id,
                                  received_at, last_seen_at, seen_count, actor_label)
SELECT %(channel)s, 'api', 'G' || id, md5(id::text) || md5(n::text), '{}', 'accepted', '[]', id,
       placed_at + interval '20 seconds', placed_at + interval '20 seconds', 1, 'generated'
  FROM generated_order ORDER BY id
"""

_WRITE_HOLDS = """
INSERT INTO orders_hold (order_id, reason, note, placed_at, release_note, held_value_sha256)
SELECT id, kind, '', placed_at + interval '22 seconds', '', md5(id::text) || md5(kind)
  FROM generated_order WHERE kind IN ('address', 'payment')
"""

_WRITE_FINDINGS = """
INSERT INTO orders_finding (order_id, code, severity, field, params, expected, found_at)
SELECT id, CASE kind WHEN 'address' THEN 'address.no_street' ELSE 'payment.unpaid' END, 'error',
       CASE kind WHEN 'address' THEN 'ship_street' ELSE 'payment.status' END, '{}', '',
       placed_at + interval '22 seconds'
  FROM generated_order WHERE kind IN ('address', 'payment')
"""

_WRITE_FULFILMENTS = """
INSERT INTO orders_fulfilmentorder (id, number, order_id, warehouse_id, status, scores, weight_g, created_at,
                                    allocated_at, released_at, picking_at, packed_at, shipped_at, delivered_at)
SELECT fulfilment_id, 'SO' || lpad(o.id::text, 8, '0') || '-1', o.id, CASE WHEN has_stock THEN warehouse_id END,
       CASE kind WHEN 'completed' THEN 'delivered' WHEN 'in_transit' THEN 'shipped' ELSE kind END, '[]', t.weight,
       placed_at + interval '24 seconds',
       CASE WHEN has_stock THEN placed_at + interval '24 seconds' END,
       CASE WHEN has_stock AND kind <> 'allocated' THEN placed_at + interval '30 seconds' END,
       CASE WHEN gone OR kind IN ('picking', 'packed') THEN placed_at + interval '2 hours' END,
       CASE WHEN gone OR kind = 'packed' THEN placed_at + interval '3 hours' END,
       CASE WHEN gone THEN placed_at + interval '10 hours' END,
       CASE WHEN arrived THEN placed_at + interval '58 hours' END
  FROM generated_order AS o JOIN generated_total AS t ON t.order_id = o.id
 WHERE has_stock OR kind = 'backordered'
 ORDER BY fulfilment_id
"""

_WRITE_FULFILMENT_LINES = """
INSERT INTO orders_fulfilmentline (id, fulfilment_id, order_line_id, sku_id, quantity, picked_quantity, packed_quantity)
SELECT fulfilment_line_id, fulfilment_id, id, sku_id, quantity,
       CASE WHEN gone OR kind = 'packed' THEN quantity ELSE 0 END,
       CASE WHEN gone OR kind = 'packed' THEN quantity ELSE 0 END
  FROM generated_line WHERE has_stock OR kind = 'backordered'
 ORDER BY fulfilment_line_id
"""

_WRITE_DEMAND = """
INSERT INTO inventory_stockdemand (sku_id, quantity, document, document_id, since)
SELECT sku_id, quantity, 'orders.order_line', id, placed_at + interval '24 seconds'
  FROM generated_line WHERE kind = 'backordered'
"""

_WRITE_RESERVATIONS = """
INSERT INTO inventory_reservation (warehouse_id, sku_id, quantity, state, document, document_id, created_at, closed_at)
SELECT warehouse_id, sku_id, quantity, CASE WHEN gone THEN 'consumed' ELSE 'active' END, 'orders.fulfilment_line',
       fulfilment_line_id, placed_at + interval '24 seconds',
       CASE WHEN gone THEN placed_at + interval '10 hours' END
  FROM generated_line WHERE has_stock
"""

# Goods come in as they are needed; the first chunk's receipt also fills the shelves.
_WRITE_RECEIPTS = """
INSERT INTO inventory_stockmovement (warehouse_id, sku_id, bucket, kind, quantity, occurred_at, document, document_id,
                                     reason)
SELECT warehouse_id, sku_id, 'on_hand', 'receipt', sum(quantity), min(at), '', NULL, 'generated'
  FROM (SELECT warehouse_id, sku_id, quantity, placed_at AS at FROM generated_line WHERE has_stock
        UNION ALL
        SELECT w, s, %(spare)s, %(now)s - interval '366 days'
          FROM unnest(%(warehouses)s::bigint[]) AS w, unnest(%(skus)s::bigint[]) AS s WHERE %(first)s = 1) AS needed
 GROUP BY warehouse_id, sku_id
"""

_WRITE_MOVEMENTS = """
INSERT INTO inventory_stockmovement (warehouse_id, sku_id, bucket, kind, quantity, occurred_at, document, document_id,
                                     reason)
SELECT warehouse_id, sku_id, m.bucket, m.kind, m.sign * quantity, placed_at + m.after, 'orders.fulfilment_line',
       fulfilment_line_id, ''
  FROM generated_line
  JOIN (VALUES ('reserved', 'reserve', 1, interval '24 seconds'), ('on_hand', 'ship', -1, interval '10 hours'),
               ('reserved', 'ship', -1, interval '10 hours')) AS m(bucket, kind, sign, after)
    ON gone OR m.kind = 'reserve'
 WHERE has_stock
"""

_WRITE_LEVELS = """
INSERT INTO inventory_stocklevel AS l (warehouse_id, sku_id, on_hand, reserved, safety, incoming, in_transit,
                                       quarantined, damaged, updated_at)
SELECT warehouse_id, sku_id, sum(on_hand), sum(reserved), 0, 0, 0, 0, 0, %(now)s
  FROM (SELECT warehouse_id, sku_id, CASE WHEN gone THEN 0 ELSE quantity END AS on_hand,
               CASE WHEN gone THEN 0 ELSE quantity END AS reserved
          FROM generated_line WHERE has_stock
        UNION ALL
        SELECT w, s, %(spare)s, 0
          FROM unnest(%(warehouses)s::bigint[]) AS w, unnest(%(skus)s::bigint[]) AS s WHERE %(first)s = 1) AS net
 GROUP BY warehouse_id, sku_id
 ORDER BY warehouse_id, sku_id
    ON CONFLICT (warehouse_id, sku_id) DO UPDATE
   SET on_hand = l.on_hand + excluded.on_hand, reserved = l.reserved + excluded.reserved
"""

_WRITE_HISTORY = """
INSERT INTO orders_orderhistory (order_id, fulfilment_id, at, from_status, to_status, actor_label, reason)
SELECT o.id, CASE WHEN h.of_part THEN fulfilment_id END, placed_at + h.after, h.before, h.now, 'system', ''
  FROM generated_order AS o
  JOIN (VALUES (false, '', 'pending_review', interval '20 seconds', 'all'),
               (false, 'pending_review', 'pending_payment', interval '22 seconds', 'payment'),
               (false, 'pending_review', 'cancelled', interval '1 hour', 'cancelled'),
               (false, 'pending_review', 'approved', interval '22 seconds', 'approved'),
               (true, 'planned', 'backordered', interval '24 seconds', 'backordered'),
               (true, 'planned', 'allocated', interval '24 seconds', 'stock'),
               (true, 'allocated', 'released', interval '30 seconds', 'released'),
               (true, 'packed', 'shipped', interval '10 hours', 'gone'),
               (false, 'approved', 'shipped', interval '10 hours', 'gone'),
               (false, 'shipped', 'delivered', interval '58 hours', 'arrived'),
               (false, 'delivered', 'completed', interval '10 days', 'completed')
       ) AS h(of_part, before, now, after, step)
    ON h.step IN ('all', kind) OR (h.step = 'approved' AND (has_stock OR kind = 'backordered'))
    OR (h.step = 'stock' AND has_stock) OR (h.step = 'gone' AND gone) OR (h.step = 'arrived' AND arrived)
    OR (h.step = 'released' AND has_stock AND kind <> 'allocated' AND kind <> 'released')
 ORDER BY o.id, placed_at + h.after
"""

_WRITE_AUDIT = """
INSERT INTO audit_auditentry (at, actor_label, actor_kind, action, subject_type, subject_id, subject_label, changes,
                              reason, request_id)
SELECT placed_at + interval '20 seconds', 'generated', 'system', 'orders.received', 'orders.order', id,
       'SO' || lpad(id::text, 8, '0'), '{}', '', ''
  FROM generated_order ORDER BY id
"""

_WRITE_SHIPMENTS = """
INSERT INTO logistics_shipment (
    id, number, fulfilment_id, order_id, warehouse_id, carrier_id, service, tracking_number, status, weight_g,
    destination_country, company_code, carrier_reference, label_currency, label_attempts, label_error,
    label_created_at, handed_over_at, next_poll_at, subscribe_due, track_digest, poll_failures, poll_error,
    last_checked_at, last_event_at, failed_attempt_count, estimated_at_handover, estimated_delivery_at, delivered_at,
    created_at)
SELECT shipment_id, 'SH' || lpad(shipment_id::text, 8, '0'), fulfilment_id, o.id, warehouse_id, %(carrier)s, '',
       'GEN' || lpad(shipment_id::text, 10, '0'),
       CASE WHEN arrived THEN 'delivered' WHEN gone THEN 'in_transit' ELSE 'label_created' END, t.weight, 'CN', '', '',
       '', 1, '', placed_at + interval '1 minute', CASE WHEN gone THEN placed_at + interval '10 hours' END,
       CASE WHEN gone AND NOT arrived THEN %(now)s + (n %% 14400) * interval '1 second' END, false, '', 0, '',
       CASE WHEN gone THEN placed_at + interval '58 hours' END, CASE WHEN gone THEN placed_at + interval '30 hours' END,
       0, CASE WHEN gone THEN placed_at + interval '60 hours' END,
       CASE WHEN gone THEN placed_at + interval '60 hours' END,
       CASE WHEN arrived THEN placed_at + interval '58 hours' END, placed_at + interval '30 seconds'
  FROM generated_order AS o JOIN generated_total AS t ON t.order_id = o.id
 WHERE has_stock AND kind <> 'allocated'
 ORDER BY shipment_id
"""

_WRITE_EVENTS = """
INSERT INTO logistics_trackingevent (shipment_id, dedupe_key, occurred_at, ingested_at, status, rank, carrier_status,
                                     description, location, source)
SELECT shipment_id, md5(shipment_id::text) || md5(e.status), placed_at + e.after,
       placed_at + e.after + interval '5 minutes', e.status, e.rank, e.status, e.text, city, 'poll'
  FROM generated_order
  JOIN (VALUES ('picked_up', 2, '【演示】已揽收', interval '11 hours'),
               ('in_transit', 3, '【演示】运输中', interval '30 hours'),
               ('delivered', 14, '【演示】已签收', interval '58 hours')) AS e(status, rank, text, after)
    ON arrived OR e.status <> 'delivered'
 WHERE gone
 ORDER BY shipment_id, e.after
"""

NUMBERED_TABLES = (
    "crm_customer", "orders_order", "orders_fulfilmentorder", "logistics_shipment", "orders_orderline",
    "orders_fulfilmentline",
)  # fmt: skip
CHUNK = (
    _FORGET,
    _CUSTOMERS, _ORDERS, _LINES, _TOTALS, _ANALYSE,
    _WRITE_CUSTOMERS, _WRITE_IDENTITIES, _WRITE_ADDRESSES,
    _WRITE_ORDERS, _WRITE_LINES, _WRITE_MESSAGES, _WRITE_HOLDS, _WRITE_FINDINGS,
    _WRITE_FULFILMENTS, _WRITE_FULFILMENT_LINES, _WRITE_DEMAND, _WRITE_RESERVATIONS,
    _WRITE_RECEIPTS, _WRITE_MOVEMENTS, _WRITE_LEVELS, _WRITE_HISTORY, _WRITE_AUDIT,
    _WRITE_SHIPMENTS, _WRITE_EVENTS,
)  # fmt: skip
LARGE_TABLES = (
    "crm_customer", "crm_customeridentity", "crm_customeraddress", "orders_order", "orders_orderline",
    "orders_intakemessage", "orders_fulfilmentorder", "orders_fulfilmentline", "orders_orderhistory",
    "inventory_reservation", "inventory_stockmovement", "audit_auditentry", "logistics_shipment",
    "logistics_trackingevent",
)  # fmt: skip
TABLES_TO_ANALYSE = (
    *LARGE_TABLES, "orders_hold", "orders_finding", "inventory_stockdemand", "inventory_stocklevel",
)  # fmt: skip
