-- Late usage as adjustments, leases with fences, history, gaps, pruning, and
-- marks that say from when on usage is collected.
--
-- Instants, windows and decimals are as in the first migration. A digest is
-- kept as its bytes, after one that says how it is spelled. Entries of a series
-- are found through its owners, which takes less room than an index.

-- +goose Up

-- What guarded the tables that are made anew below goes with them; what they
-- guard is guarded again at the end of this very transaction.
DROP TRIGGER tenants_update;
DROP TRIGGER entries_insert;
DROP TRIGGER entries_update;
DROP TRIGGER entries_delete;
DROP TRIGGER orders_once;
DROP TRIGGER orders_overlap;
DROP TRIGGER orders_update;
DROP TRIGGER orders_delete;
DROP TRIGGER items_insert;
DROP TRIGGER items_update;
DROP TRIGGER items_delete;
DROP INDEX entries_by_series;
DROP INDEX orders_by_tenant;
DROP INDEX orders_by_block;
ALTER TABLE entries RENAME TO old_entries;
ALTER TABLE folds RENAME TO old_folds;
ALTER TABLE marks RENAME TO old_marks;
ALTER TABLE items RENAME TO old_items;
ALTER TABLE orders RENAME TO old_orders;

-- ---- Usage. -----------------------------------------------------------------

-- Another number whenever entries or adjustments of the tenant change.
ALTER TABLE tenants ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
UPDATE tenants SET revision = 1 WHERE id IN (SELECT tenant_id FROM old_entries);

CREATE INDEX series_by_resource ON series (resource);

-- The tenants that ever had usage of a series.
CREATE TABLE owners (
    series_id INTEGER NOT NULL REFERENCES series,
    tenant_id INTEGER NOT NULL REFERENCES tenants,
    PRIMARY KEY (series_id, tenant_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE folds (
    series_id INTEGER NOT NULL REFERENCES series,
    hour      INTEGER NOT NULL CHECK (hour BETWEEN -2562047 AND 2562046), -- fits nanoseconds
    samples   INTEGER NOT NULL,
    digest    BLOB NOT NULL,
    data      TEXT NOT NULL, -- the transformer's state,
    until     INTEGER,       -- and when it stops to matter
    pruned    INTEGER NOT NULL CHECK (pruned IN (0, 1)), -- whether entries were dropped
    PRIMARY KEY (series_id, hour)
) STRICT, WITHOUT ROWID;

-- Silence that began, or ended, within a window.
CREATE TABLE gaps (
    series_id INTEGER NOT NULL,
    hour      INTEGER NOT NULL,
    tenant_id INTEGER NOT NULL REFERENCES tenants,
    since     INTEGER NOT NULL,
    until     INTEGER CHECK (until > since), -- NULL while it lasts
    PRIMARY KEY (series_id, hour, tenant_id, since),
    FOREIGN KEY (series_id, hour) REFERENCES folds (series_id, hour)
) STRICT, WITHOUT ROWID;

CREATE INDEX gaps_by_tenant ON gaps (tenant_id, series_id, since, until);

-- Together by tenant and time, which is how they are billed. There are so many
-- that what could not get lost (kinds and folds, which nobody may delete) is no
-- foreign key.
CREATE TABLE entries (
    tenant_id INTEGER NOT NULL,
    hour      INTEGER NOT NULL,
    series_id INTEGER NOT NULL,
    kind_id   INTEGER NOT NULL,
    volume    TEXT NOT NULL CHECK (volume GLOB '*[0-9]*' AND volume NOT GLOB '*[^-.0-9]*'),
    samples   INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, hour, series_id, kind_id),
    FOREIGN KEY (series_id, tenant_id) REFERENCES owners (series_id, tenant_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE marks (
    tenant_id INTEGER NOT NULL REFERENCES tenants,
    source    TEXT NOT NULL,
    since     INTEGER NOT NULL CHECK (since % 3600000000000 = 0),
    through   INTEGER NOT NULL CHECK (through % 3600000000000 = 0),
    PRIMARY KEY (tenant_id, source),
    CHECK (since <= through)
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
    begins       INTEGER NOT NULL,
    ends         INTEGER NOT NULL,
    zone         TEXT NOT NULL, -- of begins, ends and date
    currency     TEXT NOT NULL,
    digits       INTEGER NOT NULL,
    date         INTEGER,
    total        TEXT NOT NULL CHECK (total GLOB '*[0-9]*' AND total NOT GLOB '*[^-.0-9]*'),
    value_digits INTEGER NOT NULL, -- how values were rounded,
    rounding     TEXT NOT NULL,    -- and in which way; '' for not known
    items        INTEGER NOT NULL CHECK (items >= 0), -- how many
    status       TEXT NOT NULL CHECK (status IN ('claimed', 'settled', 'in doubt', 'parked', 'void')),
    reserves     INTEGER NOT NULL CHECK (reserves IN (0, 1)),
    reason       TEXT NOT NULL,
    reference    TEXT NOT NULL,
    claimed      INTEGER,
    changed      INTEGER,
    fence        INTEGER NOT NULL, -- another number for each who is given the order
    holder       TEXT NOT NULL,    -- who was given it last, '' for nobody,
    held_until   INTEGER,          -- and when that ends
    CHECK (ends > begins),
    CHECK (reserves = 1 OR status IN ('parked', 'void')),
    CHECK (reserves = 0 OR status <> 'void'),
    CHECK (reserves = 1 OR items = 0 OR status = 'void')
) STRICT;

CREATE TABLE items (
    order_id       INTEGER NOT NULL REFERENCES orders,
    position       INTEGER NOT NULL,
    datacenter     TEXT NOT NULL,
    name           TEXT NOT NULL,
    value          TEXT NOT NULL CHECK (value GLOB '*[0-9]*' AND value NOT GLOB '*[^-.0-9]*'),
    unit           TEXT NOT NULL,
    resource       TEXT NOT NULL,
    description    TEXT NOT NULL,
    cost           TEXT NOT NULL CHECK (cost GLOB '*[0-9]*' AND cost NOT GLOB '*[^-.0-9]*'),
    amount         TEXT NOT NULL CHECK (amount GLOB '*[0-9]*' AND amount NOT GLOB '*[^-.0-9]*'),
    adjusts_begins INTEGER,
    adjusts_ends   INTEGER,
    volume         TEXT NOT NULL CHECK (volume GLOB '*[0-9]*' AND volume NOT GLOB '*[^-.0-9]*'),
    measured       TEXT NOT NULL, -- the unit of the volume
    meters         TEXT NOT NULL CHECK (json_type(meters) = 'array'),
    begun          TEXT NOT NULL, -- the unit of which begun ones were billed whole
    earlier        TEXT NOT NULL CHECK (earlier GLOB '*[0-9]*' AND earlier NOT GLOB '*[^-.0-9]*'), -- what an adjustment's block was billed before
    PRIMARY KEY (order_id, position),
    CHECK ((adjusts_begins IS NULL) = (adjusts_ends IS NULL)),
    CHECK (adjusts_ends > adjusts_begins)
) STRICT, WITHOUT ROWID;

-- Each change of an order. A parked order that is written anew under its key
-- keeps its number, and its history goes on.
CREATE TABLE history (
    order_id  INTEGER NOT NULL REFERENCES orders DEFERRABLE INITIALLY DEFERRED,
    position  INTEGER NOT NULL,
    at        INTEGER,
    who       TEXT NOT NULL,
    why       TEXT NOT NULL,
    status    TEXT NOT NULL CHECK (status IN ('claimed', 'settled', 'in doubt', 'parked', 'void')),
    reference TEXT NOT NULL,
    holder    TEXT NOT NULL,
    PRIMARY KEY (order_id, position)
) STRICT, WITHOUT ROWID;

-- Usage that came too late for its block: pending, or carried by an order.
CREATE TABLE adjustments (
    tenant_id INTEGER NOT NULL,
    hour      INTEGER NOT NULL,
    series_id INTEGER NOT NULL,
    kind_id   INTEGER NOT NULL REFERENCES kinds,
    order_id  INTEGER REFERENCES orders, -- NULL while it is pending
    volume    TEXT NOT NULL CHECK (volume GLOB '*[1-9]*' AND volume NOT GLOB '*[^-.0-9]*'),
    samples   INTEGER NOT NULL,
    FOREIGN KEY (series_id, hour) REFERENCES folds (series_id, hour),
    FOREIGN KEY (series_id, tenant_id) REFERENCES owners (series_id, tenant_id)
) STRICT;

CREATE UNIQUE INDEX adjustments_once ON adjustments (tenant_id, hour, series_id, kind_id, order_id);
CREATE UNIQUE INDEX adjustments_pending_once ON adjustments (tenant_id, hour, series_id, kind_id) WHERE order_id IS NULL;
CREATE INDEX adjustments_by_series ON adjustments (series_id, hour);
CREATE INDEX adjustments_by_order ON adjustments (order_id);

-- What is left of the entries of an order's block once they are pruned.
CREATE TABLE sums (
    order_id  INTEGER NOT NULL REFERENCES orders,
    series_id INTEGER NOT NULL REFERENCES series,
    kind_id   INTEGER NOT NULL REFERENCES kinds,
    volume    TEXT NOT NULL CHECK (volume GLOB '*[0-9]*' AND volume NOT GLOB '*[^-.0-9]*'),
    samples   INTEGER NOT NULL,
    entries   INTEGER NOT NULL, -- how many there were
    PRIMARY KEY (order_id, series_id, kind_id)
) STRICT, WITHOUT ROWID;

-- ---- What version 1 held. ---------------------------------------------------

INSERT INTO owners SELECT DISTINCT series_id, tenant_id FROM old_entries;
INSERT INTO folds (series_id, hour, samples, digest, data, until, pruned)
    SELECT series_id, hour, samples,
        CASE WHEN digest NOT GLOB '*[^0-9a-f]*' AND length(digest) % 2 = 0
            THEN CAST(x'01' || unhex(digest) AS BLOB) ELSE CAST(x'00' || digest AS BLOB) END,
        data, until, 0
    FROM old_folds;
INSERT INTO entries (tenant_id, hour, series_id, kind_id, volume, samples)
    SELECT tenant_id, hour, series_id, kind_id, volume, samples FROM old_entries;
-- A source was collected from its first window on.
INSERT INTO marks (tenant_id, source, since, through)
    SELECT tenant_id, source, min(through, coalesce(
        (SELECT min(f.hour) * 3600000000000 FROM series s CROSS JOIN old_folds f WHERE s.source = old_marks.source AND f.series_id = s.id), through)), through
    FROM old_marks;
INSERT INTO orders (id, key, deployment, attempt, adapter, tenant_id, tenant_name, tenant_extra, begins, ends, zone, currency, digits, date, total,
        value_digits, rounding, items, status, reserves, reason, reference, claimed, changed, fence, holder)
    SELECT id, key, deployment, attempt, adapter, tenant_id, tenant_name, tenant_extra, start, end, zone, currency, digits, date, total,
        6, '', items, status, reserves, reason, reference, claimed, changed, 1, ''
    FROM old_orders;
INSERT INTO items (order_id, position, datacenter, name, value, unit, resource, description, cost, amount, adjusts_begins, adjusts_ends,
        volume, measured, meters, begun, earlier)
    SELECT order_id, position, datacenter, name, value, unit, resource, description, cost, amount, adjusts_start, adjusts_end,
        value, unit, '[]', '', '0'
    FROM old_items;
INSERT INTO history (order_id, position, at, who, why, status, reference, holder)
    SELECT id, 0, changed, '', 'before history was kept', status, reference, '' FROM old_orders;

DROP TABLE old_items;
DROP TABLE old_orders;
DROP TABLE old_marks;
DROP TABLE old_entries;
DROP TABLE old_folds;

-- Reserved blocks of a tenant do not overlap: sorted by their start they are
-- sorted by their end too, and the last that starts before an instant is the
-- only one that can reach beyond it. The triggers below rely on that.
CREATE INDEX orders_by_tenant ON orders (tenant_id, reserves, begins, ends);
CREATE INDEX orders_by_block ON orders (begins);

-- ---- Names never change, and nothing of a window is forgotten. --------------

-- +goose StatementBegin
CREATE TRIGGER tenants_update BEFORE UPDATE ON tenants
WHEN NEW.id <> OLD.id OR NEW.tenant <> OLD.tenant OR NEW.revision < OLD.revision
BEGIN SELECT RAISE(ABORT, 'artifice: name, a tenant never changes'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER owners_update BEFORE UPDATE ON owners
BEGIN SELECT RAISE(ABORT, 'artifice: name, an owner never changes'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER owners_delete BEFORE DELETE ON owners
BEGIN SELECT RAISE(ABORT, 'artifice: name, an owner stays'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER folds_update BEFORE UPDATE ON folds
WHEN NEW.series_id <> OLD.series_id OR NEW.hour <> OLD.hour OR OLD.pruned = 1 AND (NEW.pruned = 0 OR NEW.digest <> OLD.digest)
BEGIN SELECT RAISE(ABORT, 'artifice: pruned, what was counted of a pruned window stays'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER folds_delete BEFORE DELETE ON folds
BEGIN SELECT RAISE(ABORT, 'artifice: pruned, what was counted of a window stays'); END;
-- +goose StatementEnd

-- ---- Usage within a reserved block is frozen. -------------------------------

-- +goose StatementBegin
CREATE TRIGGER entries_insert BEFORE INSERT ON entries
WHEN (SELECT ends FROM orders WHERE reserves = 1 AND tenant_id = NEW.tenant_id AND begins < (NEW.hour + 1) * 3600000000000
      ORDER BY begins DESC LIMIT 1) > NEW.hour * 3600000000000
BEGIN SELECT RAISE(ABORT, 'artifice: frozen, usage of a billed block stays as it was billed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER entries_update BEFORE UPDATE ON entries
WHEN (SELECT ends FROM orders WHERE reserves = 1 AND tenant_id = OLD.tenant_id AND begins < (OLD.hour + 1) * 3600000000000
      ORDER BY begins DESC LIMIT 1) > OLD.hour * 3600000000000
  OR (SELECT ends FROM orders WHERE reserves = 1 AND tenant_id = NEW.tenant_id AND begins < (NEW.hour + 1) * 3600000000000
      ORDER BY begins DESC LIMIT 1) > NEW.hour * 3600000000000
BEGIN SELECT RAISE(ABORT, 'artifice: frozen, usage of a billed block stays as it was billed'); END;
-- +goose StatementEnd
-- Pruning keeps the sum of what it drops first.
-- +goose StatementBegin
CREATE TRIGGER entries_delete BEFORE DELETE ON entries
WHEN (SELECT ends FROM orders WHERE reserves = 1 AND tenant_id = OLD.tenant_id AND begins < (OLD.hour + 1) * 3600000000000
      ORDER BY begins DESC LIMIT 1) > OLD.hour * 3600000000000
 AND NOT EXISTS (SELECT 1 FROM sums WHERE series_id = OLD.series_id AND kind_id = OLD.kind_id AND order_id =
      (SELECT id FROM orders WHERE reserves = 1 AND tenant_id = OLD.tenant_id AND begins < (OLD.hour + 1) * 3600000000000
       ORDER BY begins DESC LIMIT 1))
BEGIN SELECT RAISE(ABORT, 'artifice: frozen, usage of a billed block stays as it was billed'); END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER sums_insert BEFORE INSERT ON sums
WHEN NOT EXISTS (SELECT 1 FROM orders WHERE id = NEW.order_id AND status = 'settled')
  OR EXISTS (SELECT 1 FROM sums WHERE order_id = NEW.order_id AND series_id = NEW.series_id AND kind_id = NEW.kind_id)
BEGIN SELECT RAISE(ABORT, 'artifice: sums, entries of settled orders are summed, once'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sums_update BEFORE UPDATE ON sums
BEGIN SELECT RAISE(ABORT, 'artifice: sums, a sum never changes'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sums_delete BEFORE DELETE ON sums
BEGIN SELECT RAISE(ABORT, 'artifice: sums, a sum stays'); END;
-- +goose StatementEnd

-- ---- Late usage is carried once. --------------------------------------------

-- +goose StatementBegin
CREATE TRIGGER adjustments_insert BEFORE INSERT ON adjustments
BEGIN
    SELECT RAISE(ABORT, 'artifice: carried, an adjustment is written once')
    WHERE EXISTS (SELECT 1 FROM adjustments WHERE tenant_id = NEW.tenant_id AND hour = NEW.hour AND series_id = NEW.series_id
                  AND kind_id = NEW.kind_id AND order_id IS NEW.order_id)
       OR EXISTS (SELECT 1 FROM adjustments WHERE rowid = NEW.rowid);
    SELECT RAISE(ABORT, 'artifice: pending, only a billed block is adjusted')
    WHERE NEW.order_id IS NULL
      AND coalesce((SELECT ends FROM orders WHERE reserves = 1 AND tenant_id = NEW.tenant_id AND begins < (NEW.hour + 1) * 3600000000000
                    ORDER BY begins DESC LIMIT 1), NEW.hour * 3600000000000) <= NEW.hour * 3600000000000;
    SELECT RAISE(ABORT, 'artifice: carried, an adjustment is carried by an order of its tenant that reserves its block')
    WHERE NEW.order_id IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM orders WHERE id = NEW.order_id AND tenant_id = NEW.tenant_id AND reserves = 1);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER adjustments_update BEFORE UPDATE ON adjustments
BEGIN
    SELECT RAISE(ABORT, 'artifice: carried, an adjustment stays as it is carried')
    WHERE EXISTS (SELECT 1 FROM orders WHERE id = OLD.order_id AND reserves = 1);
    SELECT RAISE(ABORT, 'artifice: carried, an adjustment stays where it is')
    WHERE (NEW.rowid, NEW.tenant_id, NEW.hour, NEW.series_id, NEW.kind_id) IS NOT (OLD.rowid, OLD.tenant_id, OLD.hour, OLD.series_id, OLD.kind_id);
    SELECT RAISE(ABORT, 'artifice: carried, an adjustment is carried, as it was pending, by an order of its tenant that reserves its block')
    WHERE NEW.order_id IS NOT NULL
      AND (NEW.volume <> OLD.volume
           OR NOT EXISTS (SELECT 1 FROM orders WHERE id = NEW.order_id AND tenant_id = NEW.tenant_id AND reserves = 1));
    SELECT RAISE(ABORT, 'artifice: pending, only a billed block is adjusted')
    WHERE NEW.order_id IS NULL
      AND coalesce((SELECT ends FROM orders WHERE reserves = 1 AND tenant_id = NEW.tenant_id AND begins < (NEW.hour + 1) * 3600000000000
                    ORDER BY begins DESC LIMIT 1), NEW.hour * 3600000000000) <= NEW.hour * 3600000000000;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER adjustments_delete BEFORE DELETE ON adjustments
WHEN EXISTS (SELECT 1 FROM orders WHERE id = OLD.order_id AND reserves = 1)
BEGIN SELECT RAISE(ABORT, 'artifice: carried, an adjustment stays as it is carried'); END;
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
 AND (SELECT ends FROM orders WHERE reserves = 1 AND tenant_id = NEW.tenant_id AND begins < NEW.ends
      ORDER BY begins DESC LIMIT 1) > NEW.begins
BEGIN SELECT RAISE(ABORT, 'artifice: overlap, the block is reserved'); END;
-- +goose StatementEnd
-- Only how an order stands may change, never what it bills. Its block becomes
-- free when it is void, and in no other way.
-- +goose StatementBegin
CREATE TRIGGER orders_update BEFORE UPDATE ON orders
BEGIN
    SELECT RAISE(ABORT, 'artifice: settled, a settled order stays as it is, or becomes void')
    WHERE OLD.status = 'settled' AND (NEW.status <> 'void' OR NEW.reference <> OLD.reference);
    SELECT RAISE(ABORT, 'artifice: order, a void order stays as it is')
    WHERE OLD.status = 'void';
    SELECT RAISE(ABORT, 'artifice: order, only a settled order becomes void, or a parked one that reserves its block')
    WHERE NEW.status = 'void' AND OLD.status <> 'settled' AND (OLD.status <> 'parked' OR OLD.reserves = 0);
    SELECT RAISE(ABORT, 'artifice: order, an order whose usage was pruned stays as it is')
    WHERE NEW.status = 'void' AND EXISTS (SELECT 1 FROM sums WHERE order_id = OLD.id);
    SELECT RAISE(ABORT, 'artifice: order, a block becomes free when its order is void')
    WHERE NEW.reserves <> OLD.reserves AND NEW.status <> 'void';
    SELECT RAISE(ABORT, 'artifice: fence, another has taken the order')
    WHERE NEW.fence < OLD.fence;
    SELECT RAISE(ABORT, 'artifice: order, what an order bills never changes')
    WHERE (NEW.id, NEW.key, NEW.deployment, NEW.attempt, NEW.adapter, NEW.tenant_id, NEW.tenant_name, NEW.tenant_extra,
           NEW.begins, NEW.ends, NEW.zone, NEW.currency, NEW.digits, NEW.date, NEW.total, NEW.value_digits, NEW.rounding, NEW.items, NEW.claimed)
       IS NOT
          (OLD.id, OLD.key, OLD.deployment, OLD.attempt, OLD.adapter, OLD.tenant_id, OLD.tenant_name, OLD.tenant_extra,
           OLD.begins, OLD.ends, OLD.zone, OLD.currency, OLD.digits, OLD.date, OLD.total, OLD.value_digits, OLD.rounding, OLD.items, OLD.claimed);
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

-- A change is written after those before, and stays as long as its order.
-- +goose StatementBegin
CREATE TRIGGER history_insert BEFORE INSERT ON history
WHEN NEW.position <> (SELECT count(*) FROM history WHERE order_id = NEW.order_id)
  OR NOT EXISTS (SELECT 1 FROM orders WHERE id = NEW.order_id)
BEGIN SELECT RAISE(ABORT, 'artifice: history, a change is written after those before'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER history_update BEFORE UPDATE ON history
BEGIN SELECT RAISE(ABORT, 'artifice: history, what was written stays'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER history_delete BEFORE DELETE ON history
WHEN EXISTS (SELECT 1 FROM orders WHERE id = OLD.order_id)
BEGIN SELECT RAISE(ABORT, 'artifice: history, what was written stays'); END;
-- +goose StatementEnd
