// Files that a contact sends: samples of the sandbox's own, or chosen ones.
// A control request may hold 64 MiB, and base64 takes a third more.
export const LARGEST = 45 << 20;

export const SAMPLES = {
  image: { name: "photo.jpg", type: "image/jpeg", accept: "image/*" },
  video: { name: "clip.mp4", type: "video/mp4", accept: "video/*" },
  audio: { name: "voice.ogg", type: "audio/ogg", accept: "audio/*" },
  voice: { name: "voice.ogg", type: "audio/ogg; codecs=opus", accept: "audio/*" },
  document: { name: "invoice.pdf", type: "application/pdf", accept: "" },
  sticker: { name: "sticker.webp", type: "image/webp", accept: "image/webp" },
};

export async function sample(kind) {
  const { name, type } = SAMPLES[kind];
  const answer = await fetch(new URL(`../samples/${name}`, import.meta.url));
  if (!answer.ok) throw new Error("The sample is not there.");
  return new File([await answer.blob()], name, { type });
}

// The kind of message a file goes out as, among those a channel takes.
export function kindOf(file, types) {
  const kind = file.type.split("/")[0];
  const wanted = ["image", "video", "audio"].includes(kind) ? kind : "document";
  return types.includes(wanted) ? wanted : types.includes("document") ? "document" : wanted;
}

export async function message(kind, file, caption) {
  if (file.size > LARGEST) throw new Error(`A file may have ${LARGEST >> 20} MB at most.`);
  const type = kind === "voice" ? "audio" : kind;
  const content = { mime_type: file.type || "application/octet-stream", data: await base64(file) };
  if (caption) content.caption = caption;
  if (kind === "document") content.filename = file.name;
  if (kind === "voice") content.voice = true;
  if (kind === "sticker") content.animated = false;
  return { type, [type]: content };
}

const base64 = (file) =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(new Error("The file cannot be read."));
    reader.readAsDataURL(file);
  });
