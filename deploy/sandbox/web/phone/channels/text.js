// Texts: words, and files that came with them.
const KINDS = { image: "image", video: "video", audio: "audio" };

export function describe(entry) {
  const words = entry.message.text?.body ?? "";
  const files = (entry.files ?? []).map((file) => ({
    as: "file",
    kind: KINDS[file.mimeType?.split("/")[0]] ?? "document",
    id: file.id,
    mimeType: file.mimeType,
  }));
  const waiting = entry.type === "media" && !files.length ? [{ as: "note", text: "A file that has not been fetched" }] : [];
  return { parts: [...files, ...waiting, ...(words ? [{ as: "text", text: words, plain: true }] : [])] };
}
