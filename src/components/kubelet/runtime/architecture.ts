import { readdir } from 'node:fs/promises';

/** 32-bit programs that the kernels of a 64-bit architecture run by themselves. */
const alsoRuns: Readonly<Record<string, readonly string[]>> = { amd64: ['386'], arm64: ['arm'] };
/** The names that the kernel's emulators (binfmt_misc) have for Docker's architectures. */
const emulatorNames: Readonly<Record<string, string>> = {
    amd64: 'x86_64',
    '386': 'i386',
    arm64: 'aarch64',
    arm: 'arm',
    riscv64: 'riscv64',
    ppc64le: 'ppc64le',
    s390x: 's390x',
};
const binfmtDirectory = '/proc/sys/fs/binfmt_misc';

/** True when a node cannot run an image: another architecture, and no emulator is registered for it. */
export async function foreignArchitecture(image: string, node: string): Promise<boolean> {
    if (image === '' || image === node || alsoRuns[node]?.includes(image)) return false;
    const emulator = emulatorNames[image];
    if (emulator === undefined) return true;
    try {
        const registered = await readdir(binfmtDirectory);
        return !registered.some((name) => name === `qemu-${emulator}` || name === emulator);
    } catch {
        return true;
    }
}
