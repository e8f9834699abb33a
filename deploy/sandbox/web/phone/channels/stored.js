// A file that the sandbox stores and names by an address of its own, as providers do.
const PATHS = /\/(?:page|rcs|text)-files\/([^/?#]+)$/;

export const storedId = (link) => PATHS.exec(link ?? "")?.[1];
