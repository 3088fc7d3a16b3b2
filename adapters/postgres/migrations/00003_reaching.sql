-- The series whose last fold's state lasts to the end of its window or longer:
-- windows after it may have usage though no sample follows.

-- +goose Up

CREATE TABLE reaching (
    series_id BIGINT PRIMARY KEY REFERENCES series
);

INSERT INTO reaching (series_id)
    SELECT f.series_id FROM series s CROSS JOIN folds f
    WHERE f.series_id = s.id AND f.hour = (SELECT max(l.hour) FROM folds l WHERE l.series_id = s.id)
        AND f.until >= (f.hour + 1) * 3600000000000;
