-- The ledger: what tenants used, and what of it was billed.
--
-- What must never happen to billed time is refused here, by checks and
-- triggers, whichever program writes. A trigger's message is
-- "artifice: CODE, TEXT"; the program tells them apart by the code.
--
-- Instants are nanoseconds since 1970 UTC; NULL is none. A window is one whole
-- UTC hour, kept as its number since 1970: one that is off the hour, or ends
-- before it begins, cannot be written down. Decimals are text, to the last
-- digit, without an exponent.

-- +goose Up

-- The file is Artifice's ("Arti").
PRAGMA application_id = 0x41727469;

-- Two processes that migrate at once: the second breaks here and looks again.
CREATE UNIQUE INDEX goose_db_version_once ON goose_db_version (version_id);

-- ---- Names. Each is written once, and rows refer to it by number. ----------

CREATE TABLE tenants (
    id     INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL UNIQUE
) STRICT;

-- What people call a tenant now; an order keeps what it was called then.
CREATE TABLE tenant_texts (
    tenant_id INTEGER PRIMARY KEY REFERENCES tenants,
    name      TEXT NOT NULL,
    extra     TEXT NOT NULL CHECK (json_type(extra) = 'object')
) STRICT;

CREATE TABLE series (
    id       INTEGER PRIMARY KEY,
    source   TEXT NOT NULL,
    meter    TEXT NOT NULL,
    resource TEXT NOT NULL,
    UNIQUE (source, meter, resource)
) STRICT;

CREATE TABLE kinds (
    id         INTEGER PRIMARY KEY,
    datacenter TEXT NOT NULL,
    service    TEXT NOT NULL,
    unit       TEXT NOT NULL,
    UNIQUE (datacenter, service, unit)
) STRICT;

-- ---- Usage. -----------------------------------------------------------------

CREATE TABLE folds (
    series_id INTEGER NOT NULL REFERENCES series,
    hour      INTEGER NOT NULL CHECK (hour BETWEEN -2562047 AND 2562046), -- fits nanoseconds
    samples   INTEGER NOT NULL,
    digest    TEXT NOT NULL,
    data      TEXT NOT NULL, -- the transformer's state,
    until     INTEGER,       -- and when it stops to matter
    PRIMARY KEY (series_id, hour)
) STRICT, WITHOUT ROWID;

-- Together by tenant and time, which is how they are billed.
CREATE TABLE entries (
    tenant_id INTEGER NOT NULL REFERENCES tenants,
    hour      INTEGER NOT NULL,
    series_id INTEGER NOT NULL,
    kind_id   INTEGER NOT NULL REFERENCES kinds,
    volume    TEXT NOT NULL CHECK (volume GLOB '*[0-9]*' AND volume NOT GLOB '*[^-.0-9]*'),
    samples   INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, hour, series_id, kind_id),
    FOREIGN KEY (series_id, hour) REFERENCES folds (series_id, hour)
) STRICT, WITHOUT ROWID;

CREATE INDEX entries_by_series ON entries (series_id, hour);

CREATE TABLE resources (
    tenant_id INTEGER NOT NULL REFERENCES tenants,
    resource  TEXT NOT NULL,
    meter     TEXT NOT NULL,
    type      TEXT NOT NULL,
    info      TEXT NOT NULL CHECK (json_type(info) = 'object'),
    seen      INTEGER,
    PRIMARY KEY (tenant_id, resource, meter)
) STRICT, WITHOUT ROWID;

CREATE TABLE marks (
    tenant_id INTEGER NOT NULL REFERENCES tenants,
    source    TEXT NOT NULL,
    through   INTEGER NOT NULL CHECK (through % 3600000000000 = 0),
    PRIMARY KEY (tenant_id, source)
) STRICT, WITHOUT ROWID;

-- ---- Billed time. -----------------------------------------------------------

CREATE TABLE orders (
    id           INTEGER PRIMARY KEY,
    key          TEXT NOT NULL UNIQUE CHECK (key <> ''),
    deployment   TEXT NOT NULL,
    attempt      INTEGER NOT NULL,
    adapter      TEXT NOT NULL,
    tenant_id    INTEGER NOT NULL REFERENCES tenants,
    tenant_name  TEXT NOT NULL,
    tenant_extra TEXT NOT NULL CHECK (json_type(tenant_extra) = 'object'),
    start        INTEGER NOT NULL,
    end          INTEGER NOT NULL,
    zone         TEXT NOT NULL, -- of start, end and date
    currency     TEXT NOT NULL,
    digits       INTEGER NOT NULL,
    date         INTEGER,
    total        TEXT NOT NULL CHECK (total GLOB '*[0-9]*' AND total NOT GLOB '*[^-.0-9]*'),
    items        INTEGER NOT NULL CHECK (items >= 0), -- how many
    status       TEXT NOT NULL CHECK (status IN ('claimed', 'settled', 'in doubt', 'parked', 'void')),
    reserves     INTEGER NOT NULL CHECK (reserves IN (0, 1)),
    reason       TEXT NOT NULL,
    reference    TEXT NOT NULL,
    claimed      INTEGER,
    changed      INTEGER,
    CHECK (end > start),
    CHECK (reserves = 1 OR status IN ('parked', 'void')),
    CHECK (reserves = 1 OR items = 0 OR status = 'void')
) STRICT;

-- Reserved blocks of a tenant do not overlap: sorted by their start they are
-- sorted by their end too, and the last that starts before an instant is the
-- only one that can reach beyond it. The triggers below rely on that.
CREATE INDEX orders_by_tenant ON orders (tenant_id, reserves, start, end);
CREATE INDEX orders_by_block ON orders (start);

CREATE TABLE items (
    order_id      INTEGER NOT NULL REFERENCES orders,
    position      INTEGER NOT NULL,
    datacenter    TEXT NOT NULL,
    name          TEXT NOT NULL,
    value         TEXT NOT NULL CHECK (value GLOB '*[0-9]*' AND value NOT GLOB '*[^-.0-9]*'),
    unit          TEXT NOT NULL,
    resource      TEXT NOT NULL,
    description   TEXT NOT NULL,
    cost          TEXT NOT NULL CHECK (cost GLOB '*[0-9]*' AND cost NOT GLOB '*[^-.0-9]*'),
    amount        TEXT NOT NULL CHECK (amount GLOB '*[0-9]*' AND amount NOT GLOB '*[^-.0-9]*'),
    adjusts_start INTEGER,
    adjusts_end   INTEGER,
    PRIMARY KEY (order_id, position),
    CHECK ((adjusts_start IS NULL) = (adjusts_end IS NULL)),
    CHECK (adjusts_end > adjusts_start)
) STRICT, WITHOUT ROWID;

-- ---- Names never change. ----------------------------------------------------

-- +goose StatementBegin
CREATE TRIGGER tenants_once BEFORE INSERT ON tenants
WHEN EXISTS (SELECT 1 FROM tenants WHERE id = NEW.id OR tenant = NEW.tenant)
BEGIN SELECT RAISE(ABORT, 'artifice: name, a tenant is written once'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER tenants_update BEFORE UPDATE ON tenants
BEGIN SELECT RAISE(ABORT, 'artifice: name, a tenant never changes'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER tenants_delete BEFORE DELETE ON tenants
BEGIN SELECT RAISE(ABORT, 'artifice: name, a tenant stays'); END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER series_once BEFORE INSERT ON series
WHEN EXISTS (SELECT 1 FROM series WHERE id = NEW.id)
  OR EXISTS (SELECT 1 FROM series WHERE source = NEW.source AND meter = NEW.meter AND resource = NEW.resource)
BEGIN SELECT RAISE(ABORT, 'artifice: name, a series is written once'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER series_update BEFORE UPDATE ON series
BEGIN SELECT RAISE(ABORT, 'artifice: name, a series never changes'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER series_delete BEFORE DELETE ON series
BEGIN SELECT RAISE(ABORT, 'artifice: name, a series stays'); END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER kinds_once BEFORE INSERT ON kinds
WHEN EXISTS (SELECT 1 FROM kinds WHERE id = NEW.id)
  OR EXISTS (SELECT 1 FROM kinds WHERE datacenter = NEW.datacenter AND service = NEW.service AND unit = NEW.unit)
BEGIN SELECT RAISE(ABORT, 'artifice: name, a kind is written once'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER kinds_update BEFORE UPDATE ON kinds
BEGIN SELECT RAISE(ABORT, 'artifice: name, a kind never changes'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER kinds_delete BEFORE DELETE ON kinds
BEGIN SELECT RAISE(ABORT, 'artifice: name, a kind stays'); END;
-- +goose StatementEnd

-- ---- Usage within a reserved block is frozen. -------------------------------

-- +goose StatementBegin
CREATE TRIGGER entries_insert BEFORE INSERT ON entries
WHEN (SELECT end FROM orders WHERE reserves = 1 AND tenant_id = NEW.tenant_id AND start < (NEW.hour + 1) * 3600000000000
      ORDER BY start DESC LIMIT 1) > NEW.hour * 3600000000000
BEGIN SELECT RAISE(ABORT, 'artifice: frozen, usage of a billed block stays as it was billed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER entries_update BEFORE UPDATE ON entries
WHEN (SELECT end FROM orders WHERE reserves = 1 AND tenant_id = OLD.tenant_id AND start < (OLD.hour + 1) * 3600000000000
      ORDER BY start DESC LIMIT 1) > OLD.hour * 3600000000000
  OR (SELECT end FROM orders WHERE reserves = 1 AND tenant_id = NEW.tenant_id AND start < (NEW.hour + 1) * 3600000000000
      ORDER BY start DESC LIMIT 1) > NEW.hour * 3600000000000
BEGIN SELECT RAISE(ABORT, 'artifice: frozen, usage of a billed block stays as it was billed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER entries_delete BEFORE DELETE ON entries
WHEN (SELECT end FROM orders WHERE reserves = 1 AND tenant_id = OLD.tenant_id AND start < (OLD.hour + 1) * 3600000000000
      ORDER BY start DESC LIMIT 1) > OLD.hour * 3600000000000
BEGIN SELECT RAISE(ABORT, 'artifice: frozen, usage of a billed block stays as it was billed'); END;
-- +goose StatementEnd

-- ---- Time is billed once. ---------------------------------------------------

-- A key is written once: INSERT OR REPLACE would take the old order away.
-- +goose StatementBegin
CREATE TRIGGER orders_once BEFORE INSERT ON orders
WHEN EXISTS (SELECT 1 FROM orders WHERE id = NEW.id OR key = NEW.key)
BEGIN SELECT RAISE(ABORT, 'artifice: order, the key is taken'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER orders_overlap BEFORE INSERT ON orders
WHEN NEW.reserves = 1
 AND (SELECT end FROM orders WHERE reserves = 1 AND tenant_id = NEW.tenant_id AND start < NEW.end
      ORDER BY start DESC LIMIT 1) > NEW.start
BEGIN SELECT RAISE(ABORT, 'artifice: overlap, the block is reserved'); END;
-- +goose StatementEnd
-- Only how an order stands may change, never what it bills, and neither
-- whether it reserves its block.
-- +goose StatementBegin
CREATE TRIGGER orders_update BEFORE UPDATE ON orders
BEGIN
    SELECT RAISE(ABORT, 'artifice: settled, a settled order stays as it is')
    WHERE OLD.status = 'settled';
    SELECT RAISE(ABORT, 'artifice: settled, the order is not claimed')
    WHERE NEW.status = 'settled' AND OLD.reserves = 0;
    SELECT RAISE(ABORT, 'artifice: order, what an order bills never changes')
    WHERE (NEW.id, NEW.key, NEW.deployment, NEW.attempt, NEW.adapter, NEW.tenant_id, NEW.tenant_name, NEW.tenant_extra,
           NEW.start, NEW.end, NEW.zone, NEW.currency, NEW.digits, NEW.date, NEW.total, NEW.items, NEW.reserves, NEW.claimed)
       IS NOT
          (OLD.id, OLD.key, OLD.deployment, OLD.attempt, OLD.adapter, OLD.tenant_id, OLD.tenant_name, OLD.tenant_extra,
           OLD.start, OLD.end, OLD.zone, OLD.currency, OLD.digits, OLD.date, OLD.total, OLD.items, OLD.reserves, OLD.claimed);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER orders_delete BEFORE DELETE ON orders
WHEN OLD.reserves = 1 OR OLD.status = 'void'
BEGIN SELECT RAISE(ABORT, 'artifice: order, an order that was claimed stays'); END;
-- +goose StatementEnd

-- The claim fills the places 0 to items-1, and then the items are complete.
-- +goose StatementBegin
CREATE TRIGGER items_insert BEFORE INSERT ON items
WHEN NEW.position NOT BETWEEN 0 AND (SELECT items - 1 FROM orders WHERE id = NEW.order_id)
  OR NOT EXISTS (SELECT 1 FROM orders WHERE id = NEW.order_id)
  OR EXISTS (SELECT 1 FROM items WHERE order_id = NEW.order_id AND position = NEW.position)
BEGIN SELECT RAISE(ABORT, 'artifice: items, the items are those of the claim'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER items_update BEFORE UPDATE ON items
BEGIN SELECT RAISE(ABORT, 'artifice: items, the items are those of the claim'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER items_delete BEFORE DELETE ON items
BEGIN SELECT RAISE(ABORT, 'artifice: items, the items are those of the claim'); END;
-- +goose StatementEnd
