/**
 * The digest of each job's allocations as the last build stored them. Triggers in the store delete the row of a job on
 * each write to one of its allocations, whichever program writes. Deleting the row also makes the job unsettled, so the
 * triggers on allocations check only this table, and not `settled_job` as well.
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
