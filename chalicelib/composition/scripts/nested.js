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
  const ORIGINAL = "data-hf-original-composition-id";
  const authored = (element) => element.getAttribute(ORIGINAL) || element.getAttribute(ID);
  const others = (host) => Array.from(document.querySelectorAll(`[${ID}]`)).filter((element) => element !== host);
  // Each registers its timeline under its number, and under the name too: that stays with the one that has the name.
  const keepTimeline = (host, name) => {
    const timeline = window.__timelines?.[name];
    if (!timeline || !others(host).some((element) => element.getAttribute(ID) === name)) return;
    const kept = { configurable: true, enumerable: true, get: () => timeline, set: () => {} };
    Object.defineProperty(window.__timelines, name, kept);
  };
  __sluice.instances = {
    // Whether a composition that came with another has the name of one that is there already.
    repeated(host, name) {
      const within = host.parentElement?.closest(`[${LOADED}]`);
      if (!within || !others(host).some((element) => authored(element) === name)) return false;
      keepTimeline(host, name);
      return true;
    },
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
  // As soon as one comes with another, or a script that looks for its own composition by name finds the new one.
  const numberNew = (hosts) => {
    for (const host of unloaded()) {
      const name = host.getAttribute(ID);
      if (!name || host.hasAttribute(ORIGINAL) || !hosts.some((other) => other !== host && other.contains(host))) continue;
      if (!others(host).some((element) => element.getAttribute(ID) === name)) continue;
      host.setAttribute(ORIGINAL, name);
      host.setAttribute(ID, `${name}__hf${__sluice.instances.number(host, name, 1)}`);
    }
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
    const observer = new MutationObserver(() => numberNew(hosts));
    observer.observe(document.documentElement, { childList: true, subtree: true });
    await load();
    observer.disconnect();
    numberNew(hosts);
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
