
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE SCHEMA artifice;

CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA artifice;

COMMENT ON EXTENSION btree_gist IS 'support for indexing common datatypes in GiST';

CREATE FUNCTION artifice.adjustments_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'artifice', 'pg_temp'
    AS $$
BEGIN
    IF EXISTS (SELECT FROM orders WHERE id = OLD.order_id AND status <> 'void') THEN
        RAISE EXCEPTION USING ERRCODE = 'ARCAR', MESSAGE = 'what an order carries stays';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION artifice.adjustments_written() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'artifice', 'pg_temp'
    AS $$
BEGIN
    PERFORM FROM tenants WHERE id = NEW.tenant_id FOR SHARE;
    IF NEW.order_id IS NULL AND NOT EXISTS (SELECT FROM orders WHERE tenant_id = NEW.tenant_id AND reserves = 1
            AND int8range(begins, ends) && int8range(NEW.hour * 3600000000000, (NEW.hour + 1) * 3600000000000)) THEN
        RAISE EXCEPTION USING ERRCODE = 'ARPEN', MESSAGE = 'usage that no order has reserved is not late';
    END IF;
    IF NEW.order_id IS NOT NULL AND NOT EXISTS (SELECT FROM orders WHERE id = NEW.order_id AND tenant_id = NEW.tenant_id AND reserves = 1) THEN
        RAISE EXCEPTION USING ERRCODE = 'ARCAR', MESSAGE = 'late usage is carried by an order of its tenant that reserves a block';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION artifice.entries_gone() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'artifice', 'pg_temp'
    AS $$
BEGIN
    PERFORM FROM tenants WHERE id IN (SELECT tenant_id FROM touched) ORDER BY id FOR SHARE;
    IF EXISTS (
        SELECT FROM (SELECT tenant_id, min(hour) AS first, max(hour) AS last FROM touched GROUP BY tenant_id) t
        JOIN orders o ON o.tenant_id = t.tenant_id AND o.reserves = 1
            AND int8range(o.begins, o.ends) && int8range(t.first * 3600000000000, (t.last + 1) * 3600000000000)
        JOIN touched e ON e.tenant_id = t.tenant_id AND (e.hour + 1) * 3600000000000 > o.begins AND e.hour * 3600000000000 < o.ends
        WHERE NOT EXISTS (SELECT FROM sums s WHERE s.order_id = o.id AND s.series_id = e.series_id AND s.kind_id = e.kind_id)
    ) THEN
        RAISE EXCEPTION USING ERRCODE = 'ARFRZ', MESSAGE = 'usage of a billed block stays as it was billed';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION artifice.entries_refer() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'artifice', 'pg_temp'
    AS $$
BEGIN
    IF EXISTS (SELECT FROM written e WHERE NOT EXISTS (SELECT FROM folds f WHERE f.series_id = e.series_id AND f.hour = e.hour))
        OR EXISTS (SELECT FROM (SELECT DISTINCT series_id, tenant_id FROM written) e
            WHERE NOT EXISTS (SELECT FROM owners o WHERE o.series_id = e.series_id AND o.tenant_id = e.tenant_id))
        OR EXISTS (SELECT FROM (SELECT DISTINCT kind_id FROM written) e WHERE NOT EXISTS (SELECT FROM kinds k WHERE k.id = e.kind_id)) THEN
        RAISE foreign_key_violation USING MESSAGE = 'usage of no window, tenant, or kind';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION artifice.entries_written() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'artifice', 'pg_temp'
    AS $$
BEGIN
    PERFORM FROM tenants WHERE id IN (SELECT tenant_id FROM touched) ORDER BY id FOR SHARE;
    IF EXISTS (
        SELECT FROM (SELECT tenant_id, min(hour) AS first, max(hour) AS last FROM touched GROUP BY tenant_id) t
        JOIN orders o ON o.tenant_id = t.tenant_id AND o.reserves = 1
            AND int8range(o.begins, o.ends) && int8range(t.first * 3600000000000, (t.last + 1) * 3600000000000)
        JOIN touched e ON e.tenant_id = t.tenant_id AND (e.hour + 1) * 3600000000000 > o.begins AND e.hour * 3600000000000 < o.ends
    ) THEN
        RAISE EXCEPTION USING ERRCODE = 'ARFRZ', MESSAGE = 'usage of a billed block stays as it was billed';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION artifice.folds_written() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'artifice', 'pg_temp'
    AS $$
BEGIN
    IF EXISTS (SELECT FROM written f WHERE NOT EXISTS (SELECT FROM series s WHERE s.id = f.series_id)) THEN
        RAISE foreign_key_violation USING MESSAGE = 'a window of no series';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION artifice.history_gone() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'artifice', 'pg_temp'
    AS $$
BEGIN
    IF EXISTS (SELECT FROM orders WHERE id = OLD.order_id) THEN
        RAISE EXCEPTION USING ERRCODE = 'ARHIS', MESSAGE = 'what happened to an order stays';
    END IF;
    RETURN OLD;
END $$;

CREATE FUNCTION artifice.history_written() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'artifice', 'pg_temp'
    AS $$
BEGIN
    IF EXISTS (SELECT FROM history WHERE order_id IN (SELECT order_id FROM written)
               GROUP BY order_id HAVING min(position) <> 0 OR max(position) <> count(*) - 1) THEN
        RAISE EXCEPTION USING ERRCODE = 'ARHIS', MESSAGE = 'what happens to an order comes after what happened before';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION artifice.items_written() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'artifice', 'pg_temp'
    AS $$
BEGIN
    IF EXISTS (SELECT FROM written i JOIN orders o ON o.id = i.order_id WHERE i.position NOT BETWEEN 0 AND o.items - 1) THEN
        RAISE EXCEPTION USING ERRCODE = 'ARITM', MESSAGE = 'the items are those of the claim';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION artifice.orders_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF OLD.status = 'void' THEN
        RAISE EXCEPTION USING ERRCODE = 'ARORD', MESSAGE = 'a void order stays as it is';
    END IF;
    IF OLD.status = 'settled' AND (NEW.status <> 'void' OR NEW.reference <> OLD.reference) THEN
        RAISE EXCEPTION USING ERRCODE = 'ARSET', MESSAGE = 'a settled order stays as it is';
    END IF;
    IF NEW.status = 'settled' AND OLD.reserves = 0 THEN
        RAISE EXCEPTION USING ERRCODE = 'ARSET', MESSAGE = 'the order is not claimed';
    END IF;
    IF NEW.status = 'void' AND (OLD.reserves = 0 OR OLD.status NOT IN ('settled', 'parked')) THEN
        RAISE EXCEPTION USING ERRCODE = 'ARORD', MESSAGE = 'only a settled order, or a parked one that reserves its block, becomes void';
    END IF;
    IF NEW.fence < OLD.fence THEN
        RAISE EXCEPTION USING ERRCODE = 'ARFEN', MESSAGE = 'another process has taken the order over';
    END IF;
    IF NEW.reserves <> OLD.reserves AND NOT (NEW.reserves = 0 AND NEW.status = 'void') THEN
        RAISE EXCEPTION USING ERRCODE = 'ARORD', MESSAGE = 'a block becomes free with a void order only';
    END IF;
    IF (NEW.id, NEW.key, NEW.deployment, NEW.attempt, NEW.adapter, NEW.tenant_id, NEW.tenant_name, NEW.tenant_extra, NEW.begins, NEW.ends,
        NEW.zone, NEW.currency, NEW.digits, NEW.date, NEW.total, NEW.value_digits, NEW.rounding, NEW.items, NEW.claimed)
       IS DISTINCT FROM
       (OLD.id, OLD.key, OLD.deployment, OLD.attempt, OLD.adapter, OLD.tenant_id, OLD.tenant_name, OLD.tenant_extra, OLD.begins, OLD.ends,
        OLD.zone, OLD.currency, OLD.digits, OLD.date, OLD.total, OLD.value_digits, OLD.rounding, OLD.items, OLD.claimed) THEN
        RAISE EXCEPTION USING ERRCODE = 'ARORD', MESSAGE = 'what an order bills never changes';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION artifice.orders_meet() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'artifice', 'pg_temp'
    AS $$
BEGIN
    UPDATE tenants SET revision = revision WHERE id = NEW.tenant_id;
    RETURN NULL;
END $$;

CREATE FUNCTION artifice.refuse() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = TG_ARGV[1], MESSAGE = TG_ARGV[0];
END $$;

CREATE FUNCTION artifice.sums_written() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'artifice', 'pg_temp'
    AS $$
BEGIN
    IF EXISTS (SELECT FROM written s JOIN orders o ON o.id = s.order_id WHERE o.status NOT IN ('settled', 'void')) THEN
        RAISE EXCEPTION USING ERRCODE = 'ARSUM', MESSAGE = 'only what is settled is pruned';
    END IF;
    RETURN NULL;
END $$;
SET default_tablespace = '';

SET default_table_access_method = heap;
CREATE TABLE artifice.adjustments (
    tenant_id bigint NOT NULL,
    hour bigint NOT NULL,
    series_id bigint NOT NULL,
    kind_id bigint NOT NULL,
    order_id bigint,
    samples bigint NOT NULL,
    volume numeric NOT NULL,
    CONSTRAINT adjustments_volume_check CHECK (((volume <> (0)::numeric) AND ((volume - volume) = (0)::numeric)))
);

CREATE TABLE artifice.bookmarks (
    tenant_id bigint NOT NULL,
    source text NOT NULL COLLATE pg_catalog."C",
    text text NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT bookmarks_text_check CHECK ((text <> ''::text))
);

CREATE TABLE artifice.entries (
    tenant_id bigint NOT NULL,
    hour bigint NOT NULL,
    series_id bigint NOT NULL,
    kind_id bigint NOT NULL,
    samples bigint NOT NULL,
    volume numeric NOT NULL,
    CONSTRAINT entries_volume_check CHECK (((volume - volume) = (0)::numeric))
);

CREATE TABLE artifice.folds (
    series_id bigint NOT NULL,
    hour bigint NOT NULL,
    samples bigint NOT NULL,
    digest bytea NOT NULL,
    data text NOT NULL COLLATE pg_catalog."C",
    until bigint,
    pruned smallint DEFAULT 0 NOT NULL,
    CONSTRAINT folds_hour_check CHECK (((hour >= '-2562047'::integer) AND (hour <= 2562046))),
    CONSTRAINT folds_pruned_check CHECK ((pruned = ANY (ARRAY[0, 1])))
);

CREATE TABLE artifice.gaps (
    series_id bigint NOT NULL,
    hour bigint NOT NULL,
    tenant_id bigint NOT NULL,
    since bigint NOT NULL,
    until bigint,
    CONSTRAINT gaps_check CHECK ((until > since))
);

CREATE TABLE artifice.goose_db_version (
    id integer NOT NULL,
    version_id bigint NOT NULL,
    is_applied boolean NOT NULL,
    tstamp timestamp without time zone DEFAULT now() NOT NULL
);

ALTER TABLE artifice.goose_db_version ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME artifice.goose_db_version_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE artifice.history (
    order_id bigint NOT NULL,
    "position" bigint NOT NULL,
    at bigint,
    who text NOT NULL COLLATE pg_catalog."C",
    why text NOT NULL COLLATE pg_catalog."C",
    status text NOT NULL COLLATE pg_catalog."C",
    reference text NOT NULL COLLATE pg_catalog."C",
    holder text NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT history_status_check CHECK ((status = ANY (ARRAY['claimed'::text, 'settled'::text, 'in doubt'::text, 'parked'::text, 'void'::text])))
);

CREATE TABLE artifice.items (
    order_id bigint NOT NULL,
    "position" bigint NOT NULL,
    datacenter text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    value numeric NOT NULL,
    unit text NOT NULL COLLATE pg_catalog."C",
    resource text NOT NULL COLLATE pg_catalog."C",
    description text NOT NULL COLLATE pg_catalog."C",
    cost numeric NOT NULL,
    amount numeric NOT NULL,
    adjusts_begins bigint,
    adjusts_ends bigint,
    volume numeric NOT NULL,
    measured text NOT NULL COLLATE pg_catalog."C",
    meters text NOT NULL COLLATE pg_catalog."C",
    begun text NOT NULL COLLATE pg_catalog."C",
    earlier numeric NOT NULL,
    CONSTRAINT items_amount_check CHECK (((amount - amount) = (0)::numeric)),
    CONSTRAINT items_check CHECK (((adjusts_begins IS NULL) = (adjusts_ends IS NULL))),
    CONSTRAINT items_check1 CHECK ((adjusts_ends > adjusts_begins)),
    CONSTRAINT items_cost_check CHECK (((cost - cost) = (0)::numeric)),
    CONSTRAINT items_earlier_check CHECK (((earlier - earlier) = (0)::numeric)),
    CONSTRAINT items_meters_check CHECK ((json_typeof((meters)::json) = 'array'::text)),
    CONSTRAINT items_value_check CHECK (((value - value) = (0)::numeric)),
    CONSTRAINT items_volume_check CHECK (((volume - volume) = (0)::numeric))
);

CREATE TABLE artifice.kinds (
    id bigint NOT NULL,
    datacenter text NOT NULL COLLATE pg_catalog."C",
    service text NOT NULL COLLATE pg_catalog."C",
    unit text NOT NULL COLLATE pg_catalog."C"
);

ALTER TABLE artifice.kinds ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME artifice.kinds_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE artifice.marks (
    tenant_id bigint NOT NULL,
    source text NOT NULL COLLATE pg_catalog."C",
    since bigint NOT NULL,
    through bigint NOT NULL,
    CONSTRAINT marks_check CHECK ((((through % '3600000000000'::bigint) = 0) AND (through >= since))),
    CONSTRAINT marks_since_check CHECK (((since % '3600000000000'::bigint) = 0))
);

CREATE TABLE artifice.meters (
    source text NOT NULL COLLATE pg_catalog."C",
    meter text NOT NULL COLLATE pg_catalog."C",
    through bigint NOT NULL,
    rule text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT meters_through_check CHECK (((through % '3600000000000'::bigint) = 0))
);

CREATE TABLE artifice.orders (
    id bigint NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C",
    deployment text NOT NULL COLLATE pg_catalog."C",
    attempt bigint NOT NULL,
    adapter text NOT NULL COLLATE pg_catalog."C",
    tenant_id bigint NOT NULL,
    tenant_name text NOT NULL COLLATE pg_catalog."C",
    tenant_extra text NOT NULL COLLATE pg_catalog."C",
    begins bigint NOT NULL,
    ends bigint NOT NULL,
    zone text NOT NULL COLLATE pg_catalog."C",
    currency text NOT NULL COLLATE pg_catalog."C",
    digits bigint NOT NULL,
    date bigint,
    total numeric NOT NULL,
    value_digits bigint NOT NULL,
    rounding text NOT NULL COLLATE pg_catalog."C",
    items bigint NOT NULL,
    status text NOT NULL COLLATE pg_catalog."C",
    reserves smallint NOT NULL,
    reason text NOT NULL COLLATE pg_catalog."C",
    reference text NOT NULL COLLATE pg_catalog."C",
    claimed bigint,
    changed bigint,
    fence bigint NOT NULL,
    holder text NOT NULL COLLATE pg_catalog."C",
    held_until bigint,
    CONSTRAINT orders_check CHECK ((ends > begins)),
    CONSTRAINT orders_check1 CHECK (((reserves = 1) OR (status = ANY (ARRAY['parked'::text, 'void'::text])))),
    CONSTRAINT orders_check2 CHECK (((reserves = 0) OR (status <> 'void'::text))),
    CONSTRAINT orders_check3 CHECK (((reserves = 1) OR (status = 'void'::text) OR (items = 0))),
    CONSTRAINT orders_items_check CHECK ((items >= 0)),
    CONSTRAINT orders_key_check CHECK ((key <> ''::text)),
    CONSTRAINT orders_reserves_check CHECK ((reserves = ANY (ARRAY[0, 1]))),
    CONSTRAINT orders_status_check CHECK ((status = ANY (ARRAY['claimed'::text, 'settled'::text, 'in doubt'::text, 'parked'::text, 'void'::text]))),
    CONSTRAINT orders_tenant_extra_check CHECK ((json_typeof((tenant_extra)::json) = 'object'::text)),
    CONSTRAINT orders_total_check CHECK (((total - total) = (0)::numeric))
);

ALTER TABLE artifice.orders ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME artifice.orders_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE artifice.owners (
    series_id bigint NOT NULL,
    tenant_id bigint NOT NULL
);

CREATE TABLE artifice.reaching (
    series_id bigint NOT NULL
);

CREATE TABLE artifice.resources (
    tenant_id bigint NOT NULL,
    resource text NOT NULL COLLATE pg_catalog."C",
    meter text NOT NULL COLLATE pg_catalog."C",
    type text NOT NULL COLLATE pg_catalog."C",
    info text NOT NULL COLLATE pg_catalog."C",
    seen bigint,
    CONSTRAINT resources_info_check CHECK ((json_typeof((info)::json) = 'object'::text))
);

CREATE TABLE artifice.series (
    id bigint NOT NULL,
    source text NOT NULL COLLATE pg_catalog."C",
    meter text NOT NULL COLLATE pg_catalog."C",
    resource text NOT NULL COLLATE pg_catalog."C"
);

ALTER TABLE artifice.series ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME artifice.series_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE artifice.sums (
    order_id bigint NOT NULL,
    series_id bigint NOT NULL,
    kind_id bigint NOT NULL,
    volume numeric NOT NULL,
    samples bigint NOT NULL,
    entries bigint NOT NULL,
    CONSTRAINT sums_entries_check CHECK ((entries > 0)),
    CONSTRAINT sums_volume_check CHECK (((volume - volume) = (0)::numeric))
);

CREATE TABLE artifice.tenant_texts (
    tenant_id bigint NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    extra text NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT tenant_texts_extra_check CHECK ((json_typeof((extra)::json) = 'object'::text))
);

CREATE TABLE artifice.tenants (
    id bigint NOT NULL,
    tenant text NOT NULL COLLATE pg_catalog."C",
    revision bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE artifice.tenants ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME artifice.tenants_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

INSERT INTO artifice.adjustments VALUES (1, 12, 1, 1, 3, 0, -600);
INSERT INTO artifice.adjustments VALUES (1, 13, 1, 1, NULL, 0, -600);

INSERT INTO artifice.bookmarks VALUES (1, 'object', 'read up to hour 50');

INSERT INTO artifice.entries VALUES (1, 0, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 1, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 2, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 3, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 4, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 5, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 6, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 7, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 8, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 9, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 10, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 11, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 12, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 13, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 14, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 15, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 16, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 17, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 18, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 19, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 20, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 21, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 22, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 23, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 24, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 25, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 26, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 27, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 28, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 29, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 30, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 31, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 32, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 33, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 34, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 35, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 36, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 37, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 38, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 39, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 40, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 41, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 42, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 43, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 44, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 45, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 46, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 47, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 48, 1, 1, 6, 3600);
INSERT INTO artifice.entries VALUES (1, 49, 1, 1, 6, 3600);

INSERT INTO artifice.folds VALUES (1, 0, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 3600000000000, 0);
INSERT INTO artifice.folds VALUES (1, 1, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 7200000000000, 0);
INSERT INTO artifice.folds VALUES (1, 2, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 10800000000000, 0);
INSERT INTO artifice.folds VALUES (1, 3, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 14400000000000, 0);
INSERT INTO artifice.folds VALUES (1, 4, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 18000000000000, 0);
INSERT INTO artifice.folds VALUES (1, 5, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 21600000000000, 0);
INSERT INTO artifice.folds VALUES (1, 6, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 25200000000000, 0);
INSERT INTO artifice.folds VALUES (1, 7, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 28800000000000, 0);
INSERT INTO artifice.folds VALUES (1, 8, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 32400000000000, 0);
INSERT INTO artifice.folds VALUES (1, 9, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 36000000000000, 0);
INSERT INTO artifice.folds VALUES (1, 10, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 39600000000000, 0);
INSERT INTO artifice.folds VALUES (1, 11, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 43200000000000, 0);
INSERT INTO artifice.folds VALUES (1, 12, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 46800000000000, 0);
INSERT INTO artifice.folds VALUES (1, 13, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 50400000000000, 0);
INSERT INTO artifice.folds VALUES (1, 14, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 54000000000000, 0);
INSERT INTO artifice.folds VALUES (1, 15, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 57600000000000, 0);
INSERT INTO artifice.folds VALUES (1, 16, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 61200000000000, 0);
INSERT INTO artifice.folds VALUES (1, 17, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 64800000000000, 0);
INSERT INTO artifice.folds VALUES (1, 18, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 68400000000000, 0);
INSERT INTO artifice.folds VALUES (1, 19, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 72000000000000, 0);
INSERT INTO artifice.folds VALUES (1, 20, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 75600000000000, 0);
INSERT INTO artifice.folds VALUES (1, 21, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 79200000000000, 0);
INSERT INTO artifice.folds VALUES (1, 22, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 82800000000000, 0);
INSERT INTO artifice.folds VALUES (1, 23, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 86400000000000, 0);
INSERT INTO artifice.folds VALUES (1, 24, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 90000000000000, 0);
INSERT INTO artifice.folds VALUES (1, 25, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 93600000000000, 0);
INSERT INTO artifice.folds VALUES (1, 26, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 97200000000000, 0);
INSERT INTO artifice.folds VALUES (1, 27, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 100800000000000, 0);
INSERT INTO artifice.folds VALUES (1, 28, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 104400000000000, 0);
INSERT INTO artifice.folds VALUES (1, 29, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 108000000000000, 0);
INSERT INTO artifice.folds VALUES (1, 30, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 111600000000000, 0);
INSERT INTO artifice.folds VALUES (1, 31, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 115200000000000, 0);
INSERT INTO artifice.folds VALUES (1, 32, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 118800000000000, 0);
INSERT INTO artifice.folds VALUES (1, 33, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 122400000000000, 0);
INSERT INTO artifice.folds VALUES (1, 34, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 126000000000000, 0);
INSERT INTO artifice.folds VALUES (1, 35, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 129600000000000, 0);
INSERT INTO artifice.folds VALUES (1, 36, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 133200000000000, 0);
INSERT INTO artifice.folds VALUES (1, 37, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 136800000000000, 0);
INSERT INTO artifice.folds VALUES (1, 38, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 140400000000000, 0);
INSERT INTO artifice.folds VALUES (1, 39, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 144000000000000, 0);
INSERT INTO artifice.folds VALUES (1, 40, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 147600000000000, 0);
INSERT INTO artifice.folds VALUES (1, 41, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 151200000000000, 0);
INSERT INTO artifice.folds VALUES (1, 42, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 154800000000000, 0);
INSERT INTO artifice.folds VALUES (1, 43, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 158400000000000, 0);
INSERT INTO artifice.folds VALUES (1, 44, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 162000000000000, 0);
INSERT INTO artifice.folds VALUES (1, 45, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 165600000000000, 0);
INSERT INTO artifice.folds VALUES (1, 46, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 169200000000000, 0);
INSERT INTO artifice.folds VALUES (1, 47, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 172800000000000, 0);
INSERT INTO artifice.folds VALUES (1, 48, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 176400000000000, 0);
INSERT INTO artifice.folds VALUES (1, 49, 6, '\x010f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '{"state":"active"}', 180000000000000, 0);

INSERT INTO artifice.gaps VALUES (1, 7, 1, 25200000000000, 28800000000000);

INSERT INTO artifice.goose_db_version VALUES (1, 0, true, '2026-11-23 11:15:36.320831');
INSERT INTO artifice.goose_db_version VALUES (2, 1, true, '2026-11-23 11:15:36.326965');
INSERT INTO artifice.goose_db_version VALUES (3, 2, true, '2026-11-23 11:15:36.388671');
INSERT INTO artifice.goose_db_version VALUES (4, 3, true, '2026-11-23 11:15:36.39275');
INSERT INTO artifice.goose_db_version VALUES (5, 4, true, '2026-11-23 11:15:36.395156');
INSERT INTO artifice.goose_db_version VALUES (6, 5, true, '2026-11-23 11:15:36.396016');

INSERT INTO artifice.history VALUES (1, 0, 3600000000000000, 'test', 'because', 'claimed', '', 'test');
INSERT INTO artifice.history VALUES (2, 0, 3600000000000000, 'test', 'because', 'claimed', '', 'test');
INSERT INTO artifice.history VALUES (2, 1, 3600000000000000, 'test', 'because', 'settled', 'INV-1', '');
INSERT INTO artifice.history VALUES (3, 0, 3600000000000000, 'test', 'because', 'claimed', '', 'test');
INSERT INTO artifice.history VALUES (3, 1, 3600000000000000, 'test', 'because', 'in doubt', '', '');
INSERT INTO artifice.history VALUES (4, 0, 3600000000000000, 'test', 'because', 'parked', '', '');
INSERT INTO artifice.history VALUES (5, 0, 3600000000000000, 'test', 'because', 'claimed', '', 'test');
INSERT INTO artifice.history VALUES (5, 1, 3600000000000000, 'test', 'because', 'settled', 'INV-2', '');
INSERT INTO artifice.history VALUES (5, 2, 3600000000000000, 'test', 'because', 'void', 'INV-2', '');

INSERT INTO artifice.items VALUES (1, 0, 'wlg', 'c1.small', 1, 'hour', '', '', 0, 0, NULL, NULL, 3600, 'second', '["instance"]', '', 0);
INSERT INTO artifice.items VALUES (1, 1, 'wlg', 'c1.small', 1, 'hour', '', '', 0, 0, NULL, NULL, 3600, 'second', '["instance"]', '', 0);
INSERT INTO artifice.items VALUES (2, 0, 'wlg', 'c1.small', 1, 'hour', '', '', 0, 0, NULL, NULL, 3600, 'second', '["instance"]', '', 0);
INSERT INTO artifice.items VALUES (2, 1, 'wlg', 'c1.small', 1, 'hour', '', '', 0, 0, NULL, NULL, 3600, 'second', '["instance"]', '', 0);
INSERT INTO artifice.items VALUES (5, 0, 'wlg', 'c1.small', 1, 'hour', '', '', 0, 0, NULL, NULL, 3600, 'second', '["instance"]', '', 0);

INSERT INTO artifice.kinds VALUES (1, 'wlg', 'c1.small', 'second');

INSERT INTO artifice.marks VALUES (1, 'object', 0, 180000000000000);

INSERT INTO artifice.meters VALUES ('object', 'instance', 180000000000000, '');

INSERT INTO artifice.orders VALUES (1, 'c1', '', 1, '', 1, '', '{}', 0, 36000000000000, 'UTC', 'NZD', 2, NULL, 0, 6, 'half-away-from-zero', 2, 'claimed', 1, '', '', NULL, 3600000000000000, 1, 'test', 1795436136607794000);
INSERT INTO artifice.orders VALUES (2, '5e', '', 1, '', 1, '', '{}', 36000000000000, 72000000000000, 'UTC', 'NZD', 2, NULL, 0, 6, 'half-away-from-zero', 2, 'settled', 1, '', 'INV-1', NULL, 3600000000000000, 1, '', NULL);
INSERT INTO artifice.orders VALUES (3, '1d', '', 1, '', 1, '', '{}', 72000000000000, 108000000000000, 'UTC', 'NZD', 2, NULL, 0, 6, 'half-away-from-zero', 0, 'in doubt', 1, 'because', '', NULL, 3600000000000000, 1, 'test', 1795436136622744000);
INSERT INTO artifice.orders VALUES (4, '9a', '', 1, '', 1, '', '{}', 108000000000000, 144000000000000, 'UTC', 'NZD', 2, NULL, 0, 6, 'half-away-from-zero', 0, 'parked', 0, '', '', NULL, 3600000000000000, 1, '', NULL);
INSERT INTO artifice.orders VALUES (5, '0d', '', 1, '', 1, '', '{}', 144000000000000, 162000000000000, 'UTC', 'NZD', 2, NULL, 0, 6, 'half-away-from-zero', 1, 'void', 0, 'because', 'INV-2', NULL, 3600000000000000, 1, '', NULL);

INSERT INTO artifice.owners VALUES (1, 1);

INSERT INTO artifice.reaching VALUES (1);

INSERT INTO artifice.resources VALUES (1, 'vm-1', 'instance', '', '{"name":"web"}', 176400000000000);

INSERT INTO artifice.series VALUES (1, 'object', 'instance', 'vm-1');


INSERT INTO artifice.tenant_texts VALUES (1, 'Acme', '{}');

INSERT INTO artifice.tenants VALUES (2, '', 3);
INSERT INTO artifice.tenants VALUES (1, 'acme', 4);

SELECT pg_catalog.setval('artifice.goose_db_version_id_seq', 6, true);

SELECT pg_catalog.setval('artifice.kinds_id_seq', 1, true);

SELECT pg_catalog.setval('artifice.orders_id_seq', 5, true);

SELECT pg_catalog.setval('artifice.series_id_seq', 1, true);

SELECT pg_catalog.setval('artifice.tenants_id_seq', 2, true);

ALTER TABLE ONLY artifice.adjustments
    ADD CONSTRAINT adjustments_tenant_id_hour_series_id_kind_id_order_id_key UNIQUE (tenant_id, hour, series_id, kind_id, order_id);

ALTER TABLE ONLY artifice.bookmarks
    ADD CONSTRAINT bookmarks_expr_excl EXCLUDE USING hash (((((tenant_id)::text || ' '::text) || source)) WITH =);

ALTER TABLE ONLY artifice.entries
    ADD CONSTRAINT entries_pkey PRIMARY KEY (tenant_id, hour, series_id, kind_id);

ALTER TABLE ONLY artifice.folds
    ADD CONSTRAINT folds_pkey PRIMARY KEY (series_id, hour);

ALTER TABLE ONLY artifice.gaps
    ADD CONSTRAINT gaps_pkey PRIMARY KEY (series_id, hour, tenant_id, since);

ALTER TABLE ONLY artifice.goose_db_version
    ADD CONSTRAINT goose_db_version_pkey PRIMARY KEY (id);

ALTER TABLE ONLY artifice.history
    ADD CONSTRAINT history_pkey PRIMARY KEY (order_id, "position");

ALTER TABLE ONLY artifice.items
    ADD CONSTRAINT items_pkey PRIMARY KEY (order_id, "position");

ALTER TABLE ONLY artifice.kinds
    ADD CONSTRAINT kinds_expr_excl EXCLUDE USING hash (((((((((length(datacenter))::text || ' '::text) || (length(service))::text) || ' '::text) || datacenter) || service) || unit)) WITH =);

ALTER TABLE ONLY artifice.kinds
    ADD CONSTRAINT kinds_pkey PRIMARY KEY (id);

ALTER TABLE ONLY artifice.marks
    ADD CONSTRAINT marks_expr_excl EXCLUDE USING hash (((((tenant_id)::text || ' '::text) || source)) WITH =);

ALTER TABLE ONLY artifice.meters
    ADD CONSTRAINT meters_expr_excl EXCLUDE USING hash ((((((length(source))::text || ' '::text) || source) || meter)) WITH =);

ALTER TABLE ONLY artifice.orders
    ADD CONSTRAINT orders_key_key UNIQUE (key);

ALTER TABLE ONLY artifice.orders
    ADD CONSTRAINT orders_overlap EXCLUDE USING gist (tenant_id WITH =, int8range(begins, ends) WITH &&) WHERE ((reserves = 1));

ALTER TABLE ONLY artifice.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);

ALTER TABLE ONLY artifice.owners
    ADD CONSTRAINT owners_pkey PRIMARY KEY (series_id, tenant_id);

ALTER TABLE ONLY artifice.reaching
    ADD CONSTRAINT reaching_pkey PRIMARY KEY (series_id);

ALTER TABLE ONLY artifice.resources
    ADD CONSTRAINT resources_expr_excl EXCLUDE USING hash ((((((((tenant_id)::text || ' '::text) || (length(resource))::text) || ' '::text) || resource) || meter)) WITH =);

ALTER TABLE ONLY artifice.series
    ADD CONSTRAINT series_expr_excl EXCLUDE USING hash (((((((((length(source))::text || ' '::text) || (length(meter))::text) || ' '::text) || source) || meter) || resource)) WITH =);

ALTER TABLE ONLY artifice.series
    ADD CONSTRAINT series_pkey PRIMARY KEY (id);

ALTER TABLE ONLY artifice.sums
    ADD CONSTRAINT sums_pkey PRIMARY KEY (order_id, series_id, kind_id);

ALTER TABLE ONLY artifice.tenant_texts
    ADD CONSTRAINT tenant_texts_pkey PRIMARY KEY (tenant_id);

ALTER TABLE ONLY artifice.tenants
    ADD CONSTRAINT tenants_pkey PRIMARY KEY (id);

ALTER TABLE ONLY artifice.tenants
    ADD CONSTRAINT tenants_tenant_excl EXCLUDE USING hash (tenant WITH =);

CREATE INDEX adjustments_by_order ON artifice.adjustments USING btree (order_id);

CREATE INDEX adjustments_by_series ON artifice.adjustments USING btree (series_id, hour);

CREATE UNIQUE INDEX adjustments_pending ON artifice.adjustments USING btree (tenant_id, hour, series_id, kind_id) WHERE (order_id IS NULL);

CREATE INDEX bookmarks_by_tenant ON artifice.bookmarks USING btree (tenant_id);

CREATE INDEX gaps_by_tenant ON artifice.gaps USING btree (tenant_id, series_id, since, until);

CREATE INDEX marks_by_tenant ON artifice.marks USING btree (tenant_id);

CREATE INDEX orders_by_block ON artifice.orders USING btree (begins);

CREATE INDEX orders_by_tenant ON artifice.orders USING btree (tenant_id, begins);

CREATE INDEX resources_by_resource ON artifice.resources USING hash (resource);

CREATE INDEX resources_by_tenant ON artifice.resources USING btree (tenant_id);

CREATE INDEX series_by_resource ON artifice.series USING hash (resource);

CREATE TRIGGER adjustments_change BEFORE DELETE OR UPDATE ON artifice.adjustments FOR EACH ROW WHEN ((old.order_id IS NOT NULL)) EXECUTE FUNCTION artifice.adjustments_change();

CREATE TRIGGER adjustments_truncate BEFORE TRUNCATE ON artifice.adjustments FOR EACH STATEMENT EXECUTE FUNCTION artifice.refuse('what an order carries stays', 'ARCAR');

CREATE TRIGGER adjustments_write BEFORE INSERT OR UPDATE ON artifice.adjustments FOR EACH ROW EXECUTE FUNCTION artifice.adjustments_written();

CREATE TRIGGER entries_delete AFTER DELETE ON artifice.entries REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION artifice.entries_gone();

CREATE TRIGGER entries_insert AFTER INSERT ON artifice.entries REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION artifice.entries_written();

CREATE TRIGGER entries_insert_refer AFTER INSERT ON artifice.entries REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION artifice.entries_refer();

CREATE TRIGGER entries_truncate BEFORE TRUNCATE ON artifice.entries FOR EACH STATEMENT EXECUTE FUNCTION artifice.refuse('usage of a billed block stays as it was billed', 'ARFRZ');

CREATE TRIGGER entries_update_from AFTER UPDATE ON artifice.entries REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION artifice.entries_written();

CREATE TRIGGER entries_update_refer AFTER UPDATE ON artifice.entries REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION artifice.entries_refer();

CREATE TRIGGER entries_update_to AFTER UPDATE ON artifice.entries REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION artifice.entries_written();

CREATE TRIGGER folds_delete BEFORE DELETE ON artifice.folds FOR EACH ROW EXECUTE FUNCTION artifice.refuse('a window stays', 'ARNAM');

CREATE TRIGGER folds_insert AFTER INSERT ON artifice.folds REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION artifice.folds_written();

CREATE TRIGGER folds_pruned BEFORE UPDATE ON artifice.folds FOR EACH ROW WHEN (((old.pruned = 1) AND ((new.pruned = 0) OR (new.digest <> old.digest)))) EXECUTE FUNCTION artifice.refuse('a window that was pruned stays as it is', 'ARPRU');

CREATE TRIGGER folds_truncate BEFORE TRUNCATE ON artifice.folds FOR EACH STATEMENT EXECUTE FUNCTION artifice.refuse('a window stays', 'ARNAM');

CREATE TRIGGER folds_update BEFORE UPDATE ON artifice.folds FOR EACH ROW WHEN (((old.series_id <> new.series_id) OR (old.hour <> new.hour))) EXECUTE FUNCTION artifice.refuse('a window stays', 'ARNAM');

CREATE TRIGGER history_delete BEFORE DELETE ON artifice.history FOR EACH ROW EXECUTE FUNCTION artifice.history_gone();

CREATE TRIGGER history_insert AFTER INSERT ON artifice.history REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION artifice.history_written();

CREATE TRIGGER history_truncate BEFORE TRUNCATE ON artifice.history FOR EACH STATEMENT EXECUTE FUNCTION artifice.refuse('what happened to an order stays', 'ARHIS');

CREATE TRIGGER history_update BEFORE UPDATE ON artifice.history FOR EACH ROW EXECUTE FUNCTION artifice.refuse('what happened to an order never changes', 'ARHIS');

CREATE TRIGGER items_change BEFORE DELETE OR UPDATE ON artifice.items FOR EACH ROW EXECUTE FUNCTION artifice.refuse('the items are those of the claim', 'ARITM');

CREATE TRIGGER items_insert AFTER INSERT ON artifice.items REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION artifice.items_written();

CREATE TRIGGER items_truncate BEFORE TRUNCATE ON artifice.items FOR EACH STATEMENT EXECUTE FUNCTION artifice.refuse('the items are those of the claim', 'ARITM');

CREATE TRIGGER kinds_change BEFORE DELETE OR UPDATE ON artifice.kinds FOR EACH ROW EXECUTE FUNCTION artifice.refuse('a kind stays as it is', 'ARNAM');

CREATE TRIGGER kinds_truncate BEFORE TRUNCATE ON artifice.kinds FOR EACH STATEMENT EXECUTE FUNCTION artifice.refuse('a kind stays as it is', 'ARNAM');

CREATE TRIGGER orders_claim AFTER INSERT ON artifice.orders FOR EACH ROW WHEN ((new.reserves = 1)) EXECUTE FUNCTION artifice.orders_meet();

CREATE TRIGGER orders_delete BEFORE DELETE ON artifice.orders FOR EACH ROW WHEN (((old.status <> 'parked'::text) OR (old.reserves = 1))) EXECUTE FUNCTION artifice.refuse('an order that was claimed stays', 'ARORD');

CREATE TRIGGER orders_free AFTER UPDATE ON artifice.orders FOR EACH ROW WHEN ((old.reserves <> new.reserves)) EXECUTE FUNCTION artifice.orders_meet();

CREATE TRIGGER orders_truncate BEFORE TRUNCATE ON artifice.orders FOR EACH STATEMENT EXECUTE FUNCTION artifice.refuse('an order that was claimed stays', 'ARORD');

CREATE TRIGGER orders_update BEFORE UPDATE ON artifice.orders FOR EACH ROW EXECUTE FUNCTION artifice.orders_change();

CREATE TRIGGER owners_change BEFORE DELETE OR UPDATE ON artifice.owners FOR EACH ROW EXECUTE FUNCTION artifice.refuse('an owner stays', 'ARNAM');

CREATE TRIGGER owners_truncate BEFORE TRUNCATE ON artifice.owners FOR EACH STATEMENT EXECUTE FUNCTION artifice.refuse('an owner stays', 'ARNAM');

CREATE TRIGGER series_change BEFORE DELETE OR UPDATE ON artifice.series FOR EACH ROW EXECUTE FUNCTION artifice.refuse('a series stays as it is', 'ARNAM');

CREATE TRIGGER sums_change BEFORE DELETE OR UPDATE ON artifice.sums FOR EACH ROW EXECUTE FUNCTION artifice.refuse('sums stay as they are', 'ARSUM');

CREATE TRIGGER sums_insert AFTER INSERT ON artifice.sums REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION artifice.sums_written();

CREATE TRIGGER sums_truncate BEFORE TRUNCATE ON artifice.sums FOR EACH STATEMENT EXECUTE FUNCTION artifice.refuse('sums stay as they are', 'ARSUM');

CREATE TRIGGER tenants_delete BEFORE DELETE ON artifice.tenants FOR EACH ROW EXECUTE FUNCTION artifice.refuse('a tenant stays', 'ARNAM');

CREATE TRIGGER tenants_update BEFORE UPDATE ON artifice.tenants FOR EACH ROW WHEN (((old.id <> new.id) OR (old.tenant <> new.tenant) OR (old.revision > new.revision))) EXECUTE FUNCTION artifice.refuse('a tenant never changes', 'ARNAM');

ALTER TABLE ONLY artifice.adjustments
    ADD CONSTRAINT adjustments_kind_id_fkey FOREIGN KEY (kind_id) REFERENCES artifice.kinds(id);

ALTER TABLE ONLY artifice.adjustments
    ADD CONSTRAINT adjustments_series_id_hour_fkey FOREIGN KEY (series_id, hour) REFERENCES artifice.folds(series_id, hour);

ALTER TABLE ONLY artifice.adjustments
    ADD CONSTRAINT adjustments_series_id_tenant_id_fkey FOREIGN KEY (series_id, tenant_id) REFERENCES artifice.owners(series_id, tenant_id);

ALTER TABLE ONLY artifice.bookmarks
    ADD CONSTRAINT bookmarks_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES artifice.tenants(id);

ALTER TABLE ONLY artifice.gaps
    ADD CONSTRAINT gaps_series_id_hour_fkey FOREIGN KEY (series_id, hour) REFERENCES artifice.folds(series_id, hour);

ALTER TABLE ONLY artifice.gaps
    ADD CONSTRAINT gaps_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES artifice.tenants(id);

ALTER TABLE ONLY artifice.history
    ADD CONSTRAINT history_order_id_fkey FOREIGN KEY (order_id) REFERENCES artifice.orders(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY artifice.items
    ADD CONSTRAINT items_order_id_fkey FOREIGN KEY (order_id) REFERENCES artifice.orders(id);

ALTER TABLE ONLY artifice.marks
    ADD CONSTRAINT marks_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES artifice.tenants(id);

ALTER TABLE ONLY artifice.orders
    ADD CONSTRAINT orders_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES artifice.tenants(id);

ALTER TABLE ONLY artifice.owners
    ADD CONSTRAINT owners_series_id_fkey FOREIGN KEY (series_id) REFERENCES artifice.series(id);

ALTER TABLE ONLY artifice.owners
    ADD CONSTRAINT owners_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES artifice.tenants(id);

ALTER TABLE ONLY artifice.reaching
    ADD CONSTRAINT reaching_series_id_fkey FOREIGN KEY (series_id) REFERENCES artifice.series(id);

ALTER TABLE ONLY artifice.resources
    ADD CONSTRAINT resources_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES artifice.tenants(id);

ALTER TABLE ONLY artifice.sums
    ADD CONSTRAINT sums_kind_id_fkey FOREIGN KEY (kind_id) REFERENCES artifice.kinds(id);

ALTER TABLE ONLY artifice.sums
    ADD CONSTRAINT sums_order_id_fkey FOREIGN KEY (order_id) REFERENCES artifice.orders(id);

ALTER TABLE ONLY artifice.sums
    ADD CONSTRAINT sums_series_id_fkey FOREIGN KEY (series_id) REFERENCES artifice.series(id);

ALTER TABLE ONLY artifice.tenant_texts
    ADD CONSTRAINT tenant_texts_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES artifice.tenants(id);


