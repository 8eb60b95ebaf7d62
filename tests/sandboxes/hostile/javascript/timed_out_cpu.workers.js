const { Worker } = require("worker_threads");
for (let i = 0; i < 2; i++) new Worker("for (;;);", { eval: true });
setInterval(() => {}, 1000);
