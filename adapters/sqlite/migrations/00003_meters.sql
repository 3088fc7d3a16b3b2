-- Up to when each meter is collected from each source. Meters of which usage is
-- there were collected as long as their source.

-- +goose Up

CREATE TABLE meters (
    source  TEXT NOT NULL,
    meter   TEXT NOT NULL,
    through INTEGER NOT NULL CHECK (through % 3600000000000 = 0),
    PRIMARY KEY (source, meter)
) STRICT, WITHOUT ROWID;

INSERT INTO meters (source, meter, through)
    SELECT s.source, s.meter, max(m.through) FROM (SELECT DISTINCT source, meter FROM series) s JOIN marks m ON m.source = s.source GROUP BY s.source, s.meter;
