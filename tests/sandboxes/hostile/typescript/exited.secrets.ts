// beside: a secret
import { readFileSync, readdirSync } from "fs";
import { connect } from "net";
const found: string[] = Object.keys(process.env).filter((name) => !["PATH", "HOME", "LANG"].includes(name));
for (const path of ["/proc/1/environ", "/proc/1/mem", "/etc/shadow"]) try { readFileSync(path); found.push(path); } catch {}
for (const folder of ["/tmp", "/dev/shm"]) found.push(...readdirSync(folder));
const link = connect({ host: "1.1.1.1", port: 80 });
link.on("error", () => console.log(found.length ? found.join() : "held"));
link.on("connect", () => { console.log("escaped"); process.exit(0); });
