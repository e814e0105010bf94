import { withCluster } from '../cluster-machine.ts';
import { inside } from '../inside/errand.ts';
import { count, row, type Row } from '../report.ts';

const noBudget = '(to be compared)';

/** Rates of the API server inside the all-in-one process, over HTTPS, the client on the same machine. */
export async function api(): Promise<Row[]> {
    return await withCluster(async (cluster) => {
        const rates = await inside(cluster.machine, 'measureApi', { kubeconfig: cluster.kubeconfig });
        return [
            row('API create, 20 clients', noBudget, `${count(rates.creates)} /s`),
            row('API get, 20 clients', noBudget, `${count(rates.gets)} /s`),
            row(`API list of ${count(rates.listItems)} ConfigMaps`, noBudget, `${count(rates.lists)} /s`),
            row('watch fan-out to 100 watchers', noBudget, `${count(rates.fanOutEvents)} events/s`),
        ];
    });
}
