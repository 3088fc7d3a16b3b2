-- Up to when each meter is collected from each source. Meters of which usage is
-- there were collected as long as their source.

-- +goose Up

CREATE TABLE meters (
    source  TEXT COLLATE "C" NOT NULL,
    meter   TEXT COLLATE "C" NOT NULL,
    through BIGINT NOT NULL CHECK (through % 3600000000000 = 0),
    EXCLUDE USING hash ((length(source)::text || ' ' || source || meter) WITH =)
);

INSERT INTO meters (source, meter, through)
    SELECT s.source, s.meter, max(m.through) FROM (SELECT DISTINCT source, meter FROM series) s JOIN marks m ON m.source = s.source GROUP BY s.source, s.meter;
