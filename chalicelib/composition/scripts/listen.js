// What cannot be looked into hears of each frame from the page (workers.js), and answers when it has done what is due.
// The last script that a worker begins with, and that a frame does. A function of its configuration:
//   mark: what the message that brings the port says, connect: what that says which brings a shared worker another.
(config) => {
  "use strict";
  const hear = (port) => {
    port.onmessage = async ({ data }) => {
      if (data !== null) {
        await self.__sluice.workers.tick(data);
        self.__sluice.tick(data);
      }
      await self.__sluice.turn();
      await self.__sluice.requests.answered();
      await self.__sluice.turn();
      await self.__sluice.moving?.find();
      port.postMessage("served");
    };
  };
  if (self.document) {
    if (self === self.top) return;
    try {
      if (self.parent.__sluice) return; // it looks into us
    } catch {
      const channel = new MessageChannel();
      hear(channel.port1);
      self.parent.postMessage(config.mark, "*", [channel.port2]);
    }
    return;
  }
  const welcome = (event) => {
    if (event.data !== config.mark) return;
    event.stopImmediatePropagation();
    removeEventListener("message", welcome);
    const [port] = event.ports;
    hear(port);
    const { close } = self;
    self.close = () => {
      port.postMessage("closed");
      close.call(self);
    };
  };
  addEventListener("message", welcome);
  // One that stands for a shared worker.
  addEventListener("message", (event) => {
    if (event.data !== config.connect) return;
    event.stopImmediatePropagation();
    const connected = new MessageEvent("connect", { data: "", ports: [...event.ports], source: event.ports[0] });
    self.dispatchEvent(connected);
    self.onconnect?.(connected);
  });
}
