-- The floor's own small tables: what a two-line order needs at the least, 100,000 orders in them.
CREATE TABLE customer (id bigint PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE level (sku_id bigint PRIMARY KEY, on_hand int NOT NULL, reserved int NOT NULL DEFAULT 0 CHECK (reserved <= on_hand));
CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, external_id text NOT NULL UNIQUE,
    customer_id bigint NOT NULL REFERENCES customer, status text NOT NULL, total numeric(14, 2) NOT NULL,
    placed_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE line (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_id bigint NOT NULL REFERENCES orders,
    sku_id bigint NOT NULL REFERENCES level, quantity int NOT NULL, price numeric(14, 2) NOT NULL
);
CREATE INDEX ON line (order_id);
CREATE TABLE ledger (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, sku_id bigint NOT NULL REFERENCES level,
    order_id bigint NOT NULL REFERENCES orders, quantity int NOT NULL, at timestamptz NOT NULL DEFAULT now()
);
CREATE SEQUENCE incoming;
INSERT INTO customer SELECT n, 'buyer' || n || '@example.com' FROM generate_series(1, 30000) AS n;
INSERT INTO level SELECT n, 2000000000 FROM generate_series(1, 1000) AS n;
INSERT INTO orders (external_id, customer_id, status, total)
SELECT 'old-' || n, 1 + n % 30000, 'approved', 20 FROM generate_series(1, 100000) AS n;
INSERT INTO line (order_id, sku_id, quantity, price)
SELECT 1 + n / 2, 1 + n % 1000, 1, 10 FROM generate_series(0, 199999) AS n;
INSERT INTO ledger (sku_id, order_id, quantity) SELECT sku_id, order_id, quantity FROM line;
