/** Unit tests stand beside their source; what spans modules is under test/. */
const common = {
    transform: { '\\.ts$': '<rootDir>/scripts/build/jest-transform.cjs' },
    extensionsToTreatAsEsm: ['.ts'],
    testEnvironment: 'node',
    modulePathIgnorePatterns: ['<rootDir>/dist'],
};

/** Those that use this machine's Docker, kernel or clocks, one at a time; the others run beside each other. */
const alone = [
    'docker-runtime',
    'kill-rounds',
    'kubelet-pods',
    'kubelet-server',
    'kubelet-static-pod',
    'peer-transport-stall',
    'proxy-iptables',
    'store-crash',
    'store-full-disk',
].map((name) => `<rootDir>/test/integration/${name}.test.ts`);

export default {
    testTimeout: 20_000,
    projects: [
        { ...common, displayName: 'unit', testMatch: ['<rootDir>/{src,bin}/**/*.test.ts'] },
        { ...common, displayName: 'simulation', testMatch: ['<rootDir>/test/simulation/**/*.test.ts'] },
        {
            ...common,
            displayName: 'integration',
            testMatch: ['<rootDir>/test/integration/**/*.test.ts', ...alone.map((file) => `!${file}`)],
        },
        { ...common, displayName: 'machine', testMatch: alone },
        // As a user of the library has them: against what was built, nothing transformed.
        {
            displayName: 'examples',
            testEnvironment: 'node',
            transform: {},
            // Version 2 asks for Node.js 22.
            moduleNameMapper: { '^@kubernetes/client-node$': 'kubernetes-client-node-1' },
            testMatch: ['<rootDir>/test/examples/**/*.test.js'],
        },
        { ...common, displayName: 'e2e', testMatch: ['<rootDir>/test/e2e/**/*.test.ts'] },
    ],
};
