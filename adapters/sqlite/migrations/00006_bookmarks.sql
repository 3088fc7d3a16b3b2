-- What a source wants to be told of a tenant with its next query. A text may be
-- long, so that the rows are kept beside their keys.

-- +goose Up

CREATE TABLE bookmarks (
    tenant_id INTEGER NOT NULL REFERENCES tenants,
    source    TEXT NOT NULL,
    text      TEXT NOT NULL CHECK (text <> ''),
    PRIMARY KEY (tenant_id, source)
) STRICT;
