-- Bytes, whole, each once: records, the texts of answers and determinations, files of submissions.
CREATE TABLE content (
    id INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL UNIQUE CHECK (length(sha256) = 64),
    bytes BLOB NOT NULL
) STRICT;

-- A review of one submission (the part of a record), an answer or a determination.
CREATE TABLE entry (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('review', 'answer', 'determination')),
    content INTEGER NOT NULL REFERENCES content (id),
    part TEXT NOT NULL,
    district_code TEXT,
    district TEXT,
    fiscal_year INTEGER,
    revision TEXT,
    says TEXT NOT NULL,
    record TEXT,
    details TEXT NOT NULL,
    added_at TEXT NOT NULL,
    UNIQUE (kind, content, part)
) STRICT;

CREATE INDEX entry_of_district ON entry (district_code, fiscal_year);
CREATE INDEX entry_of_record ON entry (record);

CREATE TRIGGER content_stays BEFORE UPDATE ON content BEGIN
    SELECT RAISE(ABORT, 'nothing in an archive is changed');
END;
CREATE TRIGGER content_is_kept BEFORE DELETE ON content BEGIN
    SELECT RAISE(ABORT, 'nothing in an archive is taken out');
END;
-- A replacement takes out without asking.
CREATE TRIGGER content_is_new BEFORE INSERT ON content
WHEN EXISTS (SELECT 1 FROM content WHERE id = NEW.id OR sha256 = NEW.sha256) BEGIN
    SELECT RAISE(ABORT, 'nothing in an archive is replaced');
END;

CREATE TRIGGER entry_stays BEFORE UPDATE ON entry BEGIN
    SELECT RAISE(ABORT, 'nothing in an archive is changed');
END;
CREATE TRIGGER entry_is_kept BEFORE DELETE ON entry BEGIN
    SELECT RAISE(ABORT, 'nothing in an archive is taken out');
END;
CREATE TRIGGER entry_is_new BEFORE INSERT ON entry
WHEN EXISTS (
    SELECT 1 FROM entry
    WHERE id = NEW.id OR (kind = NEW.kind AND content = NEW.content AND part = NEW.part)
) BEGIN
    SELECT RAISE(ABORT, 'nothing in an archive is replaced');
END;
