const net = require("net");
const dgram = require("dgram");
const targets = [["127.0.0.1", 80], ["172.17.0.1", 2375], ["1.1.1.1", 443], ["::1", 80]];
let left = targets.length + 1;
let held = true;
const done = (what) => {
  if (what) { held = false; console.log("escaped:", what); }
  if (--left === 0) console.log(held ? "held" : "open");
};
for (const [host, port] of targets) {
  const link = net.connect({ host, port });
  link.on("connect", () => { link.destroy(); done(host); });
  link.on("error", () => done());
}
const link = dgram.createSocket("udp4");
link.send("x", 53, "8.8.8.8", (error) => { link.close(); done(error ? undefined : "udp"); });
