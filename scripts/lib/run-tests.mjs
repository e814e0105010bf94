// Runs lint and jest, and ends with one line that counts both: "N passed, N failed".
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const suites = ['unit', 'simulation', 'integration', 'examples', 'e2e'];
const [first, ...rest] = process.argv.slice(2);
const selected = suites.includes(first) ? [first] : suites;
const jestOptions = suites.includes(first) ? rest : process.argv.slice(2);
let [passed, failed, skipped] = [0, 0, 0];

function step(title, command, args, env = {}) {
    console.log(`\n==> ${title}`);
    const result = spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...env } });
    return result.status === 0;
}

function check(title, command, ...args) {
    if (step(title, command, args)) passed++;
    else failed++;
}

function jest(suite) {
    const directory = mkdtempSync(join(tmpdir(), 'hyperkube-test-'));
    const report = join(directory, 'report.json');
    // One machine's Docker and kernel are shared by the suites that use them: no workers there.
    const workers = suite === 'unit' || suite === 'simulation' ? ['--maxWorkers=2'] : ['--runInBand'];
    const ok = step(
        `${suite} tests`,
        process.execPath,
        [
            '--experimental-vm-modules',
            '--no-warnings',
            'node_modules/jest/bin/jest.js',
            '--selectProjects',
            suite,
            '--passWithNoTests',
            '--json',
            `--outputFile=${report}`,
            ...workers,
            ...jestOptions,
        ],
        { HYPERKUBE_TEST: '1' },
    );
    try {
        const result = JSON.parse(readFileSync(report, 'utf8'));
        passed += result.numPassedTests;
        skipped += result.numPendingTests + result.numTodoTests;
        const brokenFiles = result.testResults.filter(
            (file) =>
                file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'),
        ).length;
        failed += result.numFailedTests + brokenFiles;
        if (!ok && result.numFailedTests + brokenFiles === 0) failed++;
    } catch (error) {
        console.error(`no report of the ${suite} tests: ${error.message}`);
        failed++;
    } finally {
        rmSync(directory, { recursive: true, force: true });
    }
}

check('generate', 'npm', 'run', '--silent', 'generate');
if (selected.length > 1) {
    check('types, lint and format', 'npm', 'run', '--silent', 'lint');
}
check('build', 'npm', 'run', '--silent', 'build');
for (const suite of selected) jest(suite);

console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit(failed === 0 ? 0 : 1);
