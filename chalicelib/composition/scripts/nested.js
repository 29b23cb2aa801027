// Loads compositions within compositions to any depth, with the published runtime's own loader, which knows one level:
// what it has loaded is hidden from it, and it is called again for what has come with that. A function of that loader
// (`load`) and of the one for templates within the document (`mount`).
//
// That loader gives each of several compositions of one name a name of its own, but it knows only those of one call. So
// it asks here (`instances`, called where it counts) about those that came before.
async (load, mount) => {
  "use strict";
  const NAMED = "data-composition-src";
  const LOADED = "data-composition-file";
  const DEPTH = 10;
  const ID = "data-composition-id";
  const authored = (element) => element.getAttribute("data-hf-original-composition-id") || element.getAttribute(ID);
  const others = (host) => Array.from(document.querySelectorAll(`[${ID}]`)).filter((element) => element !== host);
  __sluice.instances = {
    // Whether a composition that came with another has the name of one that is there already.
    repeated: (host, name) =>
      Boolean(host.parentElement?.closest(`[${LOADED}]`)) && others(host).some((element) => authored(element) === name),
    // The number of its name: the one that it has, or the first from `index` on that is free.
    number: (host, name, index) => {
      const taken = new Set(others(host).map((element) => element.getAttribute(ID)));
      const own = host.getAttribute(ID);
      const had = own.startsWith(`${name}__hf`) ? Number(own.slice(name.length + 4)) : NaN;
      if (had > 0 && !taken.has(own)) return had;
      while (taken.has(`${name}__hf${index}`)) index++;
      return index;
    },
  };
  const unloaded = () => Array.from(document.querySelectorAll(`[${NAMED}]`));
  // The loader forgets the variables of what it does not see.
  const variables = {};
  const keepVariables = () => {
    if (window.__hfVariablesByComp) window.__hfVariablesByComp = Object.assign(variables, window.__hfVariablesByComp);
    else if (Object.keys(variables).length) window.__hfVariablesByComp = variables;
  };
  const hidden = [];
  for (let depth = 0; depth < DEPTH; depth++) {
    const hosts = unloaded();
    await load();
    keepVariables();
    if (!unloaded().some((host) => !hosts.includes(host))) break;
    for (const host of hosts) {
      hidden.push([host, host.getAttribute(NAMED)]);
      host.setAttribute(LOADED, host.getAttribute(NAMED));
      host.removeAttribute(NAMED);
    }
    if (depth === DEPTH - 1) console.error(`compositions are nested deeper than ${DEPTH} levels: ${hosts[0].id}`);
  }
  await mount();
  keepVariables();
  for (const [host, source] of hidden) host.setAttribute(NAMED, source);
}
