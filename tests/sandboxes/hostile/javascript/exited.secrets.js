// beside: a secret
const fs = require("fs");
const found = [];
const extra = Object.keys(process.env).filter((name) => !["PATH", "HOME", "LANG"].includes(name));
if (extra.length) found.push(extra);
for (const path of ["/proc/1/environ", "/proc/1/cmdline", "/proc/1/maps", "/proc/1/mem", "/proc/self/environ", "/proc/self/mountinfo"]) {
  try { if (fs.readFileSync(path, "latin1").includes("canary-")) found.push(path); } catch {}
}
for (const folder of ["/code", "/tmp", "/dev/shm"]) for (const name of fs.readdirSync(folder)) if (name !== "main.js") found.push(name);
const room = Buffer.allocUnsafeSlow(1 << 26);
if (room.includes("canary-" + "")) found.push("memory");
console.log(found.length ? JSON.stringify(found) : "held");
