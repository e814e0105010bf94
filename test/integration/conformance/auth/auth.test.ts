import { afterAll, beforeAll, describe } from '@jest/globals';
import { Cluster } from '../support/cluster.ts';
import { certificateCases } from './certificates.suite.ts';
import { reviewCases } from './reviews.suite.ts';
import { serviceAccountCases } from './service-accounts.suite.ts';

describe('conformance of authentication and authorization', () => {
    let cluster: Cluster;
    const given = (): Cluster => cluster;
    beforeAll(async () => {
        cluster = await Cluster.start([
            'serviceaccount-controller',
            'root-ca-certificate-publisher-controller',
        ]);
    });
    afterAll(async () => {
        await cluster.stop();
    });

    describe('as service accounts', () => {
        serviceAccountCases(given);
    });
    describe('as reviews', () => {
        reviewCases(given);
    });
    describe('as certificates', () => {
        certificateCases(given);
    });
});
