import { afterAll, describe } from '@jest/globals';
import { Cluster } from '../support/cluster.ts';
import { admissionPolicies } from './admission-policy.suite.ts';
import { conversionWebhooks } from './crd-conversion-webhook.suite.ts';
import { publishedOpenApi } from './crd-publish-openapi.suite.ts';
import { selectableFields } from './crd-selectable-fields.suite.ts';
import { definitionWatches } from './crd-watch.suite.ts';
import { definitions } from './custom-resource-definition.suite.ts';
import { admissionWebhooks } from './webhook.suite.ts';

const cluster = await Cluster.start(['serviceaccount-controller']);
afterAll(async () => {
    await cluster.stop();
});

describe('admission webhooks', () => {
    admissionWebhooks(cluster);
});
describe('admission policies', () => {
    admissionPolicies(cluster);
});
describe('custom resource definitions', () => {
    definitions(cluster);
});
describe('watches of custom resource definitions', () => {
    definitionWatches(cluster);
});
describe('selectable fields', () => {
    selectableFields(cluster);
});
describe('conversion webhooks', () => {
    conversionWebhooks(cluster);
});
describe('published OpenAPI documents', () => {
    publishedOpenApi(cluster);
});
