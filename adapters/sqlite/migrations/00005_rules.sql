-- By which rule each meter is collected: of those from before, nobody knows.

-- +goose Up

ALTER TABLE meters ADD COLUMN rule TEXT NOT NULL DEFAULT '';
