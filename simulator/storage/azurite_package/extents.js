// Keeps Azurite's two databases in step with each other and with the files, whenever Azurite is killed.
//
// The blobs' database names extents, which are files; the extents' database knows the files; a collector deletes those
// that no blob names. Each database saves itself every five seconds, so a killed Azurite could leave blobs that name
// extents which the other database had not saved, or which the collector had deleted since. Their content was lost,
// however long ago it was written. So here
// - the blobs are saved only after the extents that they name;
// - the collector deletes only after a save of blobs that no longer name them;
// - a start takes up files that the extents' database has forgotten: blobs may name them, and those that none names are
//   the collector's. Files that are gone are forgotten, so that a read of them is refused and does not break off.
"use strict";

const fs = require("fs");
const path = require("path");

// Returns what saves both databases now and calls back with an error or none.
module.exports = (source, Loki) => {
  const { default: BlobStore } = require(path.join(source, "blob", "persistence", "LokiBlobMetadataStore.js"));
  const { default: Extents } = require(path.join(source, "common", "persistence", "LokiExtentMetadataStore.js"));
  const { default: Files } = require(path.join(source, "common", "persistence", "FSExtentStore.js"));
  let blobs = null;
  let extents = null;

  const initBlobs = BlobStore.prototype.init;
  BlobStore.prototype.init = function () {
    blobs = this.db;
    return initBlobs.call(this);
  };

  const initExtents = Extents.prototype.init;
  Extents.prototype.init = async function () {
    await initExtents.call(this);
    extents = this.db;
  };

  // The text that is written here was made before, so the extents that it names are known to the other database now.
  const write = Loki.LokiFsAdapter.prototype.saveDatabase;
  Loki.LokiFsAdapter.prototype.saveDatabase = function (name, text, callback) {
    const isUnsaved = extents !== null && (extents.autosaveDirty() || extents.throttledSavePending);
    if (blobs === null || name !== blobs.filename || !isUnsaved) {
      return write.call(this, name, text, callback);
    }
    extents.saveDatabase((error) => (error ? callback(error) : write.call(this, name, text, callback)));
  };

  const deleteExtents = Files.prototype.deleteExtents;
  Files.prototype.deleteExtents = async function (doomed) {
    const error = await new Promise((resolve) => blobs.saveDatabase(resolve));
    return error ? 0 : deleteExtents.call(this, doomed); // the next round of the collector tries again
  };

  const initFiles = Files.prototype.init;
  Files.prototype.init = async function () {
    await initFiles.call(this);
    const known = this.metadataStore.db.getCollection(this.metadataStore.EXTENTS_COLLECTION);
    for (const [locationId, folder] of this.persistencyPath) {
      const here = new Set(fs.readdirSync(folder));
      for (const { id } of known.find({ locationId }).filter((extent) => !here.has(extent.id))) {
        await this.metadataStore.deleteExtent(id);
      }
      for (const id of [...here].filter((id) => !known.findOne({ id }))) {
        const { size, mtimeMs } = fs.statSync(path.join(folder, id));
        await this.metadataStore.updateExtent({ id, locationId, path: id, size, lastModifiedInMS: mtimeMs });
      }
    }
  };

  // Of the blobs' database each save writes; that of the extents is written before it, if it changed.
  return (callback) => (blobs === null ? callback(new Error("not started")) : blobs.saveDatabase(callback));
};
