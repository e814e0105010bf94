// api-request.mjs KUBECONFIG METHOD PATH [CONTENT-TYPE]: sends one request with the body from standard
// input and prints { status, body } as JSON.
import { buffer } from 'node:stream/consumers';
import { kubeconfigClient } from './kubeconfig-client.mjs';

const [kubeconfig, method, path, contentType] = process.argv.slice(2);
const input = await buffer(process.stdin);
const body = input.length === 0 ? undefined : input;
const send = kubeconfigClient(kubeconfig);
console.log(JSON.stringify(await send(method, path, { body, contentType })));
process.exit(0);
