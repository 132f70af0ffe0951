// Runs Azurite's blob service for one parent process, and not a moment longer:
//
//     node guard.js <azurite>/dist/src/blob/main.js [arguments of Azurite]
//
// Standard input is the parent's hand on it. Each line is a whole list of storage accounts in the grammar of
// AZURITE_ACCOUNTS ("name:key;name2:key2") and replaces the one before; it is answered by the line "accounts taken".
// The service starts with the first list. When input ends, because the parent closed it or was killed, the service
// saves its database and ends. Keys come this way because arguments can be seen by every user of the machine.
"use strict";

const path = require("path");
const readline = require("readline");

const STOP_LIMIT_MILLISECONDS = 10000;

const main = path.resolve(process.argv[2]);
process.argv = [process.argv[0], main, ...process.argv.slice(3)];

// A parent that was killed no longer reads; a failing write must not end us before the database is saved.
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});

const { default: AccountDataStore } = require(path.join(path.dirname(main), "..", "common", "AccountDataStore.js"));
const accountStores = new Set();
const init = AccountDataStore.prototype.init;
AccountDataStore.prototype.init = function () {
  accountStores.add(this);
  return init.call(this);
};

let started = false;
const input = readline.createInterface({ input: process.stdin });

input.on("line", (accounts) => {
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
