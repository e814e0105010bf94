import { afterAll, describe } from '@jest/globals';
import { Cluster } from '../support/cluster.ts';
import { aggregatedDiscovery } from './aggregated-discovery.suite.ts';
import { chunking } from './chunking.suite.ts';
import { discovery } from './discovery.suite.ts';
import { fieldValidation } from './field-validation.suite.ts';
import { flowControl } from './flow-control.suite.ts';
import { garbageCollector } from './garbage-collector.suite.ts';
import { namespaces } from './namespace.suite.ts';
import { resourceQuotas } from './resource-quota.suite.ts';
import { tableConversion } from './table-conversion.suite.ts';
import { watches } from './watch.suite.ts';

const cluster = await Cluster.start([
    'serviceaccount-controller',
    'root-ca-certificate-publisher-controller',
    'namespace-controller',
    'garbage-collector-controller',
    'resourcequota-controller',
    'deployment-controller',
    'replicaset-controller',
    'replicationcontroller-controller',
]);
afterAll(async () => {
    await cluster.stop();
});

describe('watches', () => {
    watches(cluster);
});
describe('chunked lists', () => {
    chunking(cluster);
});
describe('tables', () => {
    tableConversion(cluster);
});
describe('discovery', () => {
    discovery(cluster);
});
describe('aggregated discovery', () => {
    aggregatedDiscovery(cluster);
});
describe('priority and fairness', () => {
    flowControl(cluster);
});
describe('field validation', () => {
    fieldValidation(cluster);
});
describe('resource quotas', () => {
    resourceQuotas(cluster);
});
describe('namespaces', () => {
    namespaces(cluster);
});
describe('the garbage collector', () => {
    garbageCollector(cluster);
});
