// What `prunella run --format json` on MNIST must show: node check-run.mjs relu|gaussian RESULTS.json
import { readFileSync } from "node:fs";

const [activation, path] = process.argv.slice(2);
const run = JSON.parse(readFileSync(path, "utf8"));

// Accuracy when dense, and how far below it each sparsity may fall; shares, not points.
const promises = {
    relu: { dense: 0.98, drop: { 0.9: 0.003, 0.95: 0.005 } },
    gaussian: { dense: 0.975, drop: {} },
};
const MAX_ABS_DIFF = 1e-4;
const MIN_AGREEMENT = 0.9999;
const VARIANTS = ["dense", "masked", "csr", "auto"];

const failures = [];
// Written so that a missing number, or NaN, fails.
function must(holds, what) {
    if (!holds) failures.push(what);
}

const { dense, drop } = promises[activation];
const denseAccuracy = run.training.test_accuracy;
console.log(`dense: test accuracy ${denseAccuracy}`);
must(run.dataset.source === "directory", `the data came from ${run.dataset.source}, not from a directory`);
must(run.network.activation === activation, `activation ${run.network.activation}, not ${activation}`);
must(denseAccuracy >= dense, `dense: test accuracy ${denseAccuracy}, below ${dense}`);

for (const [sparsity, most] of Object.entries(drop)) {
    const rows = run.results.filter((row) => row.sparsity === Number(sparsity));
    must(rows.length > 0, `no results at sparsity ${sparsity}`);
    for (const row of rows) {
        // A count of 10,000 images, as a difference of two shares: round away the last bits.
        const lost = Math.round((denseAccuracy - row.test_accuracy) * 1e6) / 1e6;
        must(lost <= most, `sparsity ${sparsity}, ${row.variant}: test accuracy ${row.test_accuracy}, ${lost} below dense`);
    }
    console.log(`sparsity ${sparsity}: test accuracy ${rows[0]?.test_accuracy}`);
}

for (const variant of VARIANTS) {
    must(run.results.some((row) => row.variant === variant), `no results of ${variant}`);
}
for (const row of run.results) {
    const name = `${row.variant}, sparsity ${row.sparsity}, batch ${row.batch}`;
    must(row.max_abs_diff <= MAX_ABS_DIFF, `${name}: max_abs_diff ${row.max_abs_diff}, above ${MAX_ABS_DIFF}`);
    must(row.agreement >= MIN_AGREEMENT, `${name}: agreement ${row.agreement}, below ${MIN_AGREEMENT}`);
    must(row.median_ns > 0, `${name}: not measured`);
}
console.log(`${run.results.length} results compared with the oracle`);

for (const failure of failures) console.error(failure);
process.exit(failures.length > 0 ? 1 : 0);
