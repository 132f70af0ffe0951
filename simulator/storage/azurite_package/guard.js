// Runs Azurite's blob service for one parent process, and not a moment longer:
//
//     node guard.js <azurite>/dist/src/blob/main.js [arguments of Azurite]
//
// Standard input is the parent's hand on it. Each line is a whole list of storage accounts in the grammar of
// AZURITE_ACCOUNTS ("name:key;name2:key2") and replaces the one before; it is answered by the line "accounts taken".
// The line "!save" has both databases saved, and is answered by "databases-saved" or "databases-not-saved".
// The service starts with the first list. When input ends, because the parent closed it or was killed, the service
// saves its database and ends. Keys come this way because arguments can be seen by every user of the machine.
"use strict";

const fs = require("fs");
const path = require("path");
const readline = require("readline");
const { Readable } = require("stream");

const STOP_LIMIT_MILLISECONDS = 10000;

const main = path.resolve(process.argv[2]);
process.argv = [process.argv[0], main, ...process.argv.slice(3)];

// A parent that was killed no longer reads; a failing write must not end us before the database is saved.
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});

const source = path.join(path.dirname(main), "..");

const { default: AccountDataStore } = require(path.join(source, "common", "AccountDataStore.js"));
const accountStores = new Set();
const init = AccountDataStore.prototype.init;
AccountDataStore.prototype.init = function () {
  accountStores.add(this);
  return init.call(this);
};

// Azurite reads each block of a block blob back from its disk for an MD5, even if the client sent none to compare it
// with, which more than doubles the cost of the block. Without one it gets nothing to read.
const { default: BlockBlobHandler } = require(path.join(source, "blob", "handlers", "BlockBlobHandler.js"));
const stageBlock = BlockBlobHandler.prototype.stageBlock;
BlockBlobHandler.prototype.stageBlock = function (id, length, body, options, context) {
  const wanted = ["content-md5", "x-ms-blob-content-md5"].some((name) => context.request.getHeader(name));
  const store = this.extentStore;
  const extentStore = { appendExtent: store.appendExtent.bind(store), readExtent: async () => Readable.from([]) };
  const handler = wanted ? this : Object.create(this, { extentStore: { value: extentStore } });
  return stageBlock.call(handler, id, length, body, options, context);
};

// A save that failed, for want of space say, has marked the database as saved all the same: it is tried again with the
// next round. The file "saves" is there as long as every save succeeds: removing one needs no space.
const Loki = require(require.resolve("lokijs", { paths: [main] }));
const save = Loki.prototype.saveDatabaseInternal;
const failing = new Set();
Loki.prototype.saveDatabaseInternal = function (callback) {
  return save.call(this, (error) => {
    if (error) {
      this.collections.forEach((collection) => (collection.dirty = true));
      failing.add(this);
      fs.rmSync("saves", { force: true });
      fs.rmSync(`${this.filename}~`, { force: true });
    } else if (failing.delete(this) && !failing.size) {
      fs.writeFileSync("saves", "");
    }
    if (callback) {
      callback(error);
    }
  });
};

require("./removals.js")(Loki);
require("./deletions.js")(source, Loki);
const saveNow = require("./extents.js")(source, Loki);

// Azurite calls a full disk an internal error.
const { default: StorageError } = require(path.join(source, "blob", "errors", "StorageError.js"));
const { default: ExtentStore } = require(path.join(source, "common", "persistence", "FSExtentStore.js"));
const append = ExtentStore.prototype.appendExtent;
ExtentStore.prototype.appendExtent = async function (data, contextId) {
  try {
    return await append.call(this, data, contextId);
  } catch (error) {
    if (error.code === "ENOSPC" || error.code === "EDQUOT") {
      throw new StorageError(507, "InsufficientStorage", "The disk of the storage is full.", contextId || "");
    }
    throw error;
  }
};

// Once both databases are saved for the last time, a file says so: without it the next start must ask what was lost.
const unsaved = new Set(["blob/persistence/LokiBlobMetadataStore.js", "common/persistence/LokiExtentMetadataStore.js"]);
for (const file of [...unsaved]) {
  const { default: Database } = require(path.join(source, file));
  const close = Database.prototype.close;
  Database.prototype.close = async function () {
    await close.call(this);
    unsaved.delete(file);
    if (!unsaved.size) {
      fs.writeFileSync("ended-in-order", "");
    }
  };
}

let started = false;
const input = readline.createInterface({ input: process.stdin });

input.on("line", (accounts) => {
  if (accounts === "!save") {
    saveNow((error) => console.log(error ? "databases-not-saved" : "databases-saved"));
    return;
  }
  // Azurite reads this variable again every minute. The semicolon in front makes an empty list a list: without one
  // Azurite would serve its well-known development account.
  process.env.AZURITE_ACCOUNTS = ";" + accounts;
  accountStores.forEach((store) => store.refresh());
  console.log("accounts taken");
  if (!started) {
    started = true;
    require(main);
  }
});

input.on("close", () => {
  // Azurite's own way to be told; nobody listens to it before the service is up, and then there is nothing to save.
  if (!process.emit("message", "shutdown")) {
    process.exit(0);
  }
  setTimeout(() => process.exit(1), STOP_LIMIT_MILLISECONDS).unref();
});
