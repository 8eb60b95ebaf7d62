const name = require("fs").readFileSync(0, "utf8").replace("\n", "");

// Print three lines: the frame above, the name, the frame below.
console.log(name);
