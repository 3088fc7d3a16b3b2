-- What a source wants to be told of a tenant with its next query.

-- +goose Up

CREATE TABLE bookmarks (
    tenant_id BIGINT NOT NULL REFERENCES tenants,
    source    TEXT COLLATE "C" NOT NULL,
    text      TEXT COLLATE "C" NOT NULL CHECK (text <> ''),
    EXCLUDE USING hash ((tenant_id::text || ' ' || source) WITH =)
);

CREATE INDEX bookmarks_by_tenant ON bookmarks (tenant_id);
