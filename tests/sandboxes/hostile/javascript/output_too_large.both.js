const fs = require("fs");
const text = "x".repeat(1 << 14);
for (;;) for (const number of [1, 2]) try { fs.writeSync(number, text); } catch {}
