// A shell of its own sees the same box; nothing of the host.
const { spawnSync } = require("child_process");
const out = spawnSync("/bin/sh", ["-c", "id -u; ls /; cat /proc/1/environ; kill -9 1"], { encoding: "utf8" });
const lines = (out.stdout || "").trim().split("\n");
const known = new Set("bin code dev etc lib lib32 lib64 libx32 opt proc sbin tmp usr".split(" "));
const strange = lines.slice(1).filter((name) => !known.has(name));
console.log(lines[0] === "1000" && strange.length === 0 ? "held" : JSON.stringify(lines));
