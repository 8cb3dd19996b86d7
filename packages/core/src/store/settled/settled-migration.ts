/**
 * The settled jobs, and the version, release and files that all their allocations were promoted with. Any write to a
 * table that the plan of a job depends on deletes the row of the job. Triggers in the store do this, so it works for
 * every program that writes. Some other tables that a plan depends on have no trigger; the row is checked against them
 * when it is read. If nothing is settled, as in a first build or deploy, a trigger only reads one empty table.
 */
export const SETTLED_MIGRATION = `
  CREATE TABLE settled_job (
    job TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    version TEXT NOT NULL,
    release INTEGER,
    source TEXT NOT NULL
  ) WITHOUT ROWID;

  CREATE TRIGGER allocation_added AFTER INSERT ON allocation WHEN EXISTS (SELECT 1 FROM settled_job) BEGIN
    DELETE FROM settled_job WHERE job = NEW.job;
  END;
  CREATE TRIGGER allocation_changed AFTER UPDATE ON allocation WHEN EXISTS (SELECT 1 FROM settled_job) BEGIN
    DELETE FROM settled_job WHERE job IN (OLD.job, NEW.job);
  END;
  CREATE TRIGGER allocation_deleted AFTER DELETE ON allocation WHEN EXISTS (SELECT 1 FROM settled_job) BEGIN
    DELETE FROM settled_job WHERE job = OLD.job;
  END;

  CREATE TRIGGER promoted_added AFTER INSERT ON promoted WHEN EXISTS (SELECT 1 FROM settled_job) BEGIN
    DELETE FROM settled_job WHERE job = (SELECT job FROM allocation WHERE id = NEW.allocation);
  END;
  CREATE TRIGGER promoted_changed AFTER UPDATE ON promoted
    WHEN EXISTS (SELECT 1 FROM settled_job) AND (OLD.allocation, OLD.digest, OLD.version, OLD.health_failed, OLD.stopped, OLD.release)
      IS NOT (NEW.allocation, NEW.digest, NEW.version, NEW.health_failed, NEW.stopped, NEW.release) BEGIN
    DELETE FROM settled_job WHERE job IN (SELECT job FROM allocation WHERE id IN (OLD.allocation, NEW.allocation));
  END;
  CREATE TRIGGER promoted_deleted AFTER DELETE ON promoted WHEN EXISTS (SELECT 1 FROM settled_job) BEGIN
    DELETE FROM settled_job WHERE job = (SELECT job FROM allocation WHERE id = OLD.allocation);
  END;

  CREATE TRIGGER staged_added AFTER INSERT ON staged WHEN EXISTS (SELECT 1 FROM settled_job) BEGIN
    DELETE FROM settled_job WHERE job = (SELECT job FROM allocation WHERE id = NEW.allocation);
  END;
  CREATE TRIGGER staged_changed AFTER UPDATE ON staged
    WHEN EXISTS (SELECT 1 FROM settled_job) AND (OLD.allocation, OLD.digest) IS NOT (NEW.allocation, NEW.digest) BEGIN
    DELETE FROM settled_job WHERE job IN (SELECT job FROM allocation WHERE id IN (OLD.allocation, NEW.allocation));
  END;
  CREATE TRIGGER staged_deleted AFTER DELETE ON staged WHEN EXISTS (SELECT 1 FROM settled_job) BEGIN
    DELETE FROM settled_job WHERE job = (SELECT job FROM allocation WHERE id = OLD.allocation);
  END;

  CREATE TRIGGER planned_added AFTER INSERT ON planned WHEN EXISTS (SELECT 1 FROM settled_job) BEGIN
    DELETE FROM settled_job WHERE job = (SELECT job FROM allocation WHERE id = NEW.allocation);
  END;
  CREATE TRIGGER planned_changed AFTER UPDATE ON planned
    WHEN EXISTS (SELECT 1 FROM settled_job) AND (OLD.allocation, OLD.digest, OLD.source) IS NOT (NEW.allocation, NEW.digest, NEW.source) BEGIN
    DELETE FROM settled_job WHERE job IN (SELECT job FROM allocation WHERE id IN (OLD.allocation, NEW.allocation));
  END;
  CREATE TRIGGER planned_deleted AFTER DELETE ON planned WHEN EXISTS (SELECT 1 FROM settled_job) BEGIN
    DELETE FROM settled_job WHERE job = (SELECT job FROM allocation WHERE id = OLD.allocation);
  END;
  `;
