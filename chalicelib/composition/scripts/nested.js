// Loads compositions within compositions to any depth, with the published runtime's own loader, which knows one level:
// what it has loaded is hidden from it, and it is called again for what has come with that. A function of that loader
// (`load`) and of the one for templates within the document (`mount`).
async (load, mount) => {
  "use strict";
  const NAMED = "data-composition-src";
  const LOADED = "data-composition-file";
  const DEPTH = 10;
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
