/**
 * Rebuilds the two static helper programs of the kubelet (pause, netns-dial) for all architectures and
 * writes them, base64-encoded, into binaries.ts. Only needed when their source changes; needs gcc,
 * gcc-aarch64-linux-gnu and gcc-arm-linux-gnueabihf. The targets are named as Docker names architectures.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const directory = join(import.meta.dirname, '../../src/components/kubelet/runtime/native');
const targets = {
    amd64: ['x86_64-linux-gnu', []],
    arm64: ['aarch64-linux-gnu', []],
    arm: ['arm-linux-gnueabihf', ['-marm', '-march=armv6+fp', '-mfloat-abi=hard']],
};
const flags = [
    ...[
        '-Os',
        '-Wall',
        '-Wextra',
        '-Werror',
        '-std=c11',
        '-ffreestanding',
        '-fno-builtin',
        '-nostdlib',
        '-static',
    ],
    ...[
        '-fno-pie',
        '-no-pie',
        '-fno-stack-protector',
        '-fno-asynchronous-unwind-tables',
        '-fomit-frame-pointer',
    ],
    ...['-fcf-protection=none', '-fno-unwind-tables', '-fno-ident', '-Wl,--build-id=none'],
    ...['-Wl,-z,noseparate-code', '-Wl,-z,noexecstack', '-Wl,--gc-sections', '-s'],
];

const scratch = mkdtempSync(join(tmpdir(), 'hyperkube-native-'));
const lines = ["export type NativeArchitecture = 'amd64' | 'arm64' | 'arm';", ''];
try {
    for (const [name, constant] of [
        ['pause', 'pauseBinaries'],
        ['netns-dial', 'netnsDialBinaries'],
    ]) {
        lines.push(`/** ${name}.c as a static ELF file in base64. Written by scripts/build/native.mjs. */`);
        lines.push(`export const ${constant}: Readonly<Record<NativeArchitecture, string>> = {`);
        for (const [architecture, [triple, extra]] of Object.entries(targets)) {
            const output = join(scratch, `${name}-${architecture}`);
            const own = flags.filter((flag) => architecture === 'amd64' || !flag.startsWith('-fcf-'));
            execFileSync(`${triple}-gcc`, [...own, ...extra, '-o', output, join(directory, `${name}.c`)], {
                stdio: 'inherit',
            });
            const bytes = readFileSync(output);
            console.log(`${name} ${architecture}: ${bytes.length} bytes`);
            lines.push(`    ${architecture}: '${bytes.toString('base64')}',`);
        }
        lines.push('};', '');
    }
} finally {
    rmSync(scratch, { recursive: true });
}
writeFileSync(join(directory, 'binaries.ts'), lines.join('\n').trimEnd() + '\n');
