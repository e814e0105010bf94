// Strips TypeScript types for jest with esbuild, the same compiler that bundles the product.
const { transformSync } = require('esbuild');

module.exports = {
    process(source, filename) {
        const { code, map } = transformSync(source, {
            loader: 'ts',
            format: 'esm',
            target: 'node20',
            sourcefile: filename,
            sourcemap: 'both',
        });
        return { code, map };
    },
};
