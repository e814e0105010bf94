// Builds, then compares the served API with upstream's: npm run check:api
import { fileURLToPath } from 'node:url';
import { runBundled } from '../../scripts/lib/run-bundled.mjs';

const reference = fileURLToPath(new URL('../../../shared/reference/openapi-v1.36.json', import.meta.url));
await runBundled(import.meta.url, 'check-api', [reference]);
