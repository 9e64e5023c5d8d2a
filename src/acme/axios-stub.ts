/**
 * Stands in the bundle for axios, which acme-client loads but which we never let send anything: connection.ts replaces
 * the one function that all of its traffic goes through. Saves 60 ms of start-up. A request that came here all the
 * same would be a bug.
 */
const interceptor = { use: () => 0 };

const instance = {
  defaults: { headers: { common: {} } },
  interceptors: { request: interceptor, response: interceptor },
  request: () => {
    throw new TypeError('acme-client must not send requests itself');
  },
};

export const create = () => instance;
export class AxiosError extends Error {}
