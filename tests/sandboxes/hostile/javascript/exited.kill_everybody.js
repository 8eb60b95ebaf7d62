const { spawn } = require("child_process");
spawn("/bin/sh", ["-c", "while :; do :; done"], { detached: true, stdio: "ignore" }).unref();
for (const pid of [1, -1, process.ppid]) for (const name of ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1"]) {
  process.on(name, () => {});
  try { if (pid !== -1) process.kill(pid, name); } catch {}
}
require("fs").writeSync(1, "held\n");
process.reallyExit(0);
