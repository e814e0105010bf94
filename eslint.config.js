import tseslint from 'typescript-eslint';
import importX from 'eslint-plugin-import-x';

/** Imports point downwards only; components meet through the API alone (docs/ARCHITECTURE.md). */
const components = ['apiserver', 'controller-manager', 'scheduler', 'kubelet', 'proxy', 'network', 'dns'];
const zones = [
    { target: 'src/util', from: 'src', except: ['./util'] },
    { target: 'src/api', from: 'src', except: ['./api', './util'] },
    { target: 'src/store', from: 'src', except: ['./store', './api', './util'] },
    { target: 'src/pki', from: 'src', except: ['./pki', './util'] },
    { target: 'src/client', from: 'src', except: ['./client', './api', './pki', './streaming', './util'] },
    { target: 'src/streaming', from: 'src', except: ['./streaming', './util'] },
    { target: 'src/components', from: 'src/cli' },
    ...components.map((name) => ({
        target: `src/components/${name}`,
        from: 'src/components',
        except: [`./${name}`],
    })),
    ...components
        .filter((name) => name !== 'apiserver')
        .map((name) => ({ target: `src/components/${name}`, from: 'src/store' })),
];

export default tseslint.config(
    { ignores: ['node_modules', 'dist', 'coverage', 'src/api/schema/generated'] },
    ...tseslint.configs.strictTypeChecked.map((config) => ({ ...config, files: ['**/*.ts'] })),
    {
        files: ['**/*.ts'],
        languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
        plugins: { 'import-x': importX },
        rules: {
            'import-x/no-restricted-paths': ['error', { zones }],
            '@typescript-eslint/no-floating-promises': 'error',
            '@typescript-eslint/return-await': ['error', 'always'],
            '@typescript-eslint/switch-exhaustiveness-check': [
                'error',
                { considerDefaultExhaustiveForUnions: true },
            ],
            '@typescript-eslint/restrict-template-expressions': [
                'error',
                { allowNumber: true, allowBoolean: true },
            ],
            '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
            '@typescript-eslint/no-unused-vars': [
                'error',
                { argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
            ],
            eqeqeq: 'error',
        },
    },
    {
        // The Raft core is a pure function of its inputs.
        files: ['src/store/raft/**/*.ts'],
        ignores: ['**/*.test.ts'],
        rules: {
            'no-restricted-imports': ['error', { patterns: ['node:*', 'fs', 'net', 'timers', 'crypto'] }],
            'no-restricted-properties': ['error', { object: 'Math', property: 'random' }],
        },
    },
    {
        files: ['**/*.test.ts', 'test/**/*.ts'],
        rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
    },
    {
        // The models of the official client are classes that its users write as literals.
        files: ['test/integration/clients/**/*.ts'],
        rules: { '@typescript-eslint/no-unsafe-class-instance-assignment': 'off' },
    },
);
