// Bundles the simulation and runs it: npm run simulate -- [--minutes N] [--seed S] [--runs N]
import { runBundled } from '../../scripts/lib/run-bundled.mjs';

await runBundled(import.meta.url, 'simulation');
