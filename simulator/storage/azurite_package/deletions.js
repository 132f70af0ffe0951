// Notes what Azurite deletes until a save has it, since an Azurite that is killed has forgotten what came after its last
// save, and nobody would delete that again. Blobs that are made are noted too, so that whoever repeats a deletion knows
// what was to take the place of the blob.
//
// "deletions" in Azurite's folder holds a line of JSON for each since the last save. A start moves those that no save
// has to the end of "forgotten"; who repeats them removes that file. The database itself says up to which line it has
// them, so a line that is still there after its save is not taken for a forgotten one.
"use strict";

const fs = require("fs");
const path = require("path");

const NOTES = "deletions";
const FORGOTTEN = "forgotten";
const MARKS = "$BACKUPSIM_COLLECTION$";

module.exports = (source, Loki) => {
  const { default: Store } = require(path.join(source, "blob", "persistence", "LokiBlobMetadataStore.js"));
  let database = null;
  let mark = null;
  let last = 0;
  let lines = [];
  let isFileGood = true;
  let file = null;

  const begin = (text) => {
    fs.writeFileSync(`${NOTES}~`, text);
    fs.renameSync(`${NOTES}~`, NOTES);
    if (file !== null) {
      fs.closeSync(file);
    }
    file = fs.openSync(NOTES, "a");
  };

  // A line for which the disk has no room goes into the file with a later one.
  const write = (text) => {
    try {
      if (isFileGood) {
        fs.writeSync(file, text);
      } else {
        begin(lines.map((line) => line.text).join(""));
        isFileGood = true;
      }
    } catch {
      isFileGood = false;
    }
  };

  const note = (act) => {
    last += 1;
    const line = { position: last, text: `${JSON.stringify({ position: last, ...act })}\n` };
    lines.push(line);
    write(line.text);
  };

  const noted = (verb, of) => {
    const act = Store.prototype[verb];
    Store.prototype[verb] = async function (...given) {
      const result = await act.apply(this, given);
      // Nothing that a save could come of lies between the act and this.
      note(of(...given));
      return result;
    };
  };
  for (const verb of ["createBlob", "commitBlockList"]) {
    noted(verb, (context, { accountName: account, containerName: container, name: blob }) => {
      return { act: "made", account, container, blob };
    });
  }
  noted("deleteContainer", (context, account, container) => ({ act: "deleted", account, container }));
  noted("deleteBlob", (context, account, container, blob, options) => {
    const { snapshot, deleteSnapshots: snapshots } = options;
    return { act: "deleted", account, container, blob, snapshot, snapshots };
  });

  const init = Store.prototype.init;
  Store.prototype.init = async function () {
    await init.call(this);
    const marks = this.db.getCollection(MARKS) || this.db.addCollection(MARKS);
    mark = marks.data[0] || marks.insert({ position: 0 });
    const kept = read();
    const forgotten = kept.filter((line) => line.position > mark.position);
    if (forgotten.length) {
      // An earlier line may have been cut.
      fs.appendFileSync(FORGOTTEN, ["\n", ...forgotten.map((line) => line.text)].join(""));
    }
    begin("");
    last = Math.max(mark.position, ...kept.map((line) => line.position));
    database = this.db;
  };

  const save = Loki.prototype.saveDatabaseInternal;
  Loki.prototype.saveDatabaseInternal = function (callback) {
    const saved = last;
    if (this === database) {
      mark.position = saved;
    }
    return save.call(this, (error) => {
      if (!error && this === database && lines.length && lines[0].position <= saved) {
        lines = lines.filter((line) => line.position > saved);
        isFileGood = false;
        write("");
      }
      if (callback) {
        callback(error);
      }
    });
  };
};

function read() {
  const texts = fs.existsSync(NOTES) ? fs.readFileSync(NOTES, "utf8").split("\n") : [];
  return texts.map((text) => ({ position: positionOf(text), text: `${text}\n` })).filter((line) => line.position > 0);
}

function positionOf(text) {
  try {
    return Number(JSON.parse(text).position);
  } catch {
    return 0; // cut by the kill
  }
}
