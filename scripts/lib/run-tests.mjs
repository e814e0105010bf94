// Runs lint and jest, and ends with one line that counts both: "N passed, N failed".
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const suites = ['unit', 'simulation', 'integration', 'machine', 'examples', 'e2e'];
/** One machine's Docker and kernel are shared by the suites that use them: no workers there. */
const withWorkers = ['unit', 'simulation', 'integration'];
const [first, ...rest] = process.argv.slice(2);
const selected = suites.includes(first) ? [first] : suites;
const jestOptions = suites.includes(first) ? rest : process.argv.slice(2);
let [passed, failed, skipped] = [0, 0, 0];

/** The exit status of a command, 1 where it cannot be run. */
async function run(command, args, options) {
    const child = spawn(command, args, options);
    return await new Promise((resolve) => {
        child.on('error', (error) => {
            console.error(`${command}: ${error.message}`);
            resolve(1);
        });
        child.on('close', (status) => resolve(status ?? 1));
        options.onStart?.(child);
    });
}

async function step(title, command, args, env = {}) {
    console.log(`\n==> ${title}`);
    return (await run(command, args, { stdio: 'inherit', env: { ...process.env, ...env } })) === 0;
}

async function check(title, command, ...args) {
    if (await step(title, command, args)) passed++;
    else failed++;
}

/** Begins a check that takes what the tests leave of the processors. Gives how to wait for it and print what it said. */
function checkBeside(title, command, ...args) {
    const output = [];
    const status = run('nice', ['-n', '19', command, ...args], {
        stdio: ['ignore', 'pipe', 'pipe'],
        onStart: ({ stdout, stderr }) => {
            for (const stream of [stdout, stderr]) stream.on('data', (chunk) => output.push(chunk));
        },
    });
    return async () => {
        const isOk = (await status) === 0;
        console.log(`\n==> ${title}`);
        process.stdout.write(Buffer.concat(output));
        if (isOk) passed++;
        else failed++;
    };
}

async function jest(suite) {
    const directory = mkdtempSync(join(tmpdir(), 'hyperkube-test-'));
    const report = join(directory, 'report.json');
    const workers = withWorkers.includes(suite) ? ['--maxWorkers=2'] : ['--runInBand'];
    const ok = await step(
        `${suite} tests`,
        process.execPath,
        [
            '--experimental-vm-modules',
            '--no-warnings',
            'node_modules/jest/bin/jest.js',
            '--selectProjects',
            suite,
            // A name that matches nothing is an error; a suite without tests is not.
            ...(jestOptions.length === 0 || selected.length > 1 ? ['--passWithNoTests'] : []),
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

await check('generate', 'npm', 'run', '--silent', 'generate');
const lint =
    selected.length > 1
        ? checkBeside('types, lint and format', 'npm', 'run', '--silent', 'lint')
        : async () => undefined;
await check('build', 'npm', 'run', '--silent', 'build');
for (const suite of selected) await jest(suite);
await lint();

console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit(failed === 0 ? 0 : 1);
