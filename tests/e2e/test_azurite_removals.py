"""What our Azurite changes of its database: the same answers as the database as it is, and indices that stay whole."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from simulator.state.folder import cache_folder
from simulator.storage.azurite import PACKAGE, find_node, install

SAME_ANSWERS = """
const [main, removals] = process.argv.slice(2);
const path = require.resolve("lokijs", { paths: [main] });
const fresh = () => { delete require.cache[path]; return require(path); };
const Plain = fresh();
const Changed = fresh();
let rebuilt = 0;
const rebuild = Changed.Collection.prototype.ensureAllIndexes;
Changed.Collection.prototype.ensureAllIndexes = function (force) { rebuilt += 1; return rebuild.call(this, force); };
require(removals)(Changed);

const filled = (Loki) => new Loki("x").addCollection("blobs", {
  indices: ["accountName", "containerName", "name", "snapshot"],
});
const [plain, changed] = [filled(Plain), filled(Changed)];
let seed = 7;
const draw = (most) => { seed = (seed * 48271) % 2147483647; return seed % most; };
const blob = () => ({ accountName: `a${draw(2)}`, containerName: `c${draw(2)}`, name: `n${draw(40)}` });
const told = (found) => JSON.stringify(found.map((each) => each.key).sort((one, other) => one - other));
const different = [];
const same = (what, question) => {
  const [one, other] = [told(question(plain)), told(question(changed))];
  if (one !== other) { different.push(`${what}: ${one} ${other}`); }
};

let removedOne = 0;
for (let key = 0; key < 3000; key++) {
  const of = blob();
  const snapshot = draw(3) ? "" : `s${draw(4)}`;
  switch (draw(4)) {
    case 0:
    case 1:
      if (!plain.findOne({ ...of, snapshot })) {
        [plain, changed].forEach((each) => each.insert({ ...of, snapshot, key }));
      }
      break;
    case 2: {
      const query = draw(2) ? { ...of, snapshot } : { ...of, snapshot: { $gt: "" } };
      removedOne += changed.find(query).length === 1;
      [plain, changed].forEach((each) => each.findAndRemove(query));
      break;
    }
    default:
      same("find", (each) => each.find({ ...of, snapshot }));
      same("account", (each) => each.find({ accountName: of.accountName, containerName: of.containerName }));
      same("chain", (each) => each.chain().find(of).where((found) => found.snapshot !== "").data());
      same("first", (each) => [each.findOne({ ...of, snapshot })].filter(Boolean));
      same("count", (each) => [{ key: each.count(of) }]);
  }
}
same("all", (each) => each.data);
console.log(JSON.stringify({
  different,
  broken: changed.checkAllIndexes(),
  left: changed.data.length > 100,
  removedOne: removedOne > 50,
  rebuilt,
}));
"""


def test_the_changed_database_answers_as_the_other_and_keeps_its_indices(tmp_path: Path) -> None:
    program = tmp_path / "same_answers.js"
    program.write_text(SAME_ANSWERS, encoding="utf-8")
    arguments = [find_node().program, program, install(cache_folder()), PACKAGE / "removals.js"]
    ended = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, check=False)
    told = json.loads(ended.stdout or "{}")
    assert told.pop("rebuilt", 0) > 0, "several at once are removed as before"
    assert told == {"different": [], "broken": [], "left": True, "removedOne": True}, ended.stderr
