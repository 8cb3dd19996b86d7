/**
 * The digest of each job's allocations as the last build stored them. Each write to an allocation of the job deletes the row, by
 * triggers of the store itself, so that every program does. A job is settled only while its row is there: so a write to an
 * allocation looks at one table, not at two.
 */
export const PLACEMENT_MIGRATION = `
  CREATE TABLE placement (
    job TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    removed INTEGER NOT NULL
  ) WITHOUT ROWID;
  DELETE FROM settled_job;

  DROP TRIGGER allocation_added;
  DROP TRIGGER allocation_changed;
  DROP TRIGGER allocation_deleted;
  CREATE TRIGGER allocation_added AFTER INSERT ON allocation WHEN EXISTS (SELECT 1 FROM placement) BEGIN
    DELETE FROM placement WHERE job = NEW.job;
  END;
  CREATE TRIGGER allocation_changed AFTER UPDATE ON allocation WHEN EXISTS (SELECT 1 FROM placement) BEGIN
    DELETE FROM placement WHERE job IN (OLD.job, NEW.job);
  END;
  CREATE TRIGGER allocation_deleted AFTER DELETE ON allocation WHEN EXISTS (SELECT 1 FROM placement) BEGIN
    DELETE FROM placement WHERE job = OLD.job;
  END;
  CREATE TRIGGER placement_deleted AFTER DELETE ON placement BEGIN
    DELETE FROM settled_job WHERE job = OLD.job;
  END;
  `;
