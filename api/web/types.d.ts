// The shapes of the public API that the page uses; `openapi.json` is their source.

export type Status = "pending" | "sent" | "delivered" | "read" | "failed";

export interface Permissions {
  readInbox: boolean;
  readDetails: boolean;
  markRead: boolean;
  sendText: boolean;
  sendMedia: boolean;
  sendTemplates: boolean;
  sendAdvanced: boolean;
}

export interface Link {
  id: string;
  name: string | null;
  phoneNumberId: string;
  phoneNumber: string | { displayPhoneNumber?: string; verifiedName?: string } | null;
  permissions: Partial<Permissions>;
  expiresAt: string | null;
}

export interface Embed {
  id: string;
  name: string | null;
  scopeType: string;
  scopeId: string | null;
  scopeName: string | null;
  assignedUserId: string | null;
  defaultMode: "system" | "light" | "dark";
  allowedOrigins: string[];
  permissions: Partial<Permissions> | null;
  expiresAt: string | null;
}

export interface Session {
  token: string;
  expiresAt: string;
  kind: "link" | "embed";
  link: Link | null;
  embed: Embed | null;
  viewer: { id: string; name: string | null; email: string | null } | null;
}

export interface Problem {
  status: number;
  code: string;
  title?: string;
  detail: string;
  errors?: { field: string; code: string; message: string }[];
  messagingWindow?: MessagingWindow;
}

export interface MessagingWindow {
  state: "OPEN" | "CLOSED";
  expiresAt: string | null;
}

export interface Assignee {
  userId: string;
  name: string;
  avatarUrl: string | null;
}

export interface Conversation {
  id: string;
  inboxId: string;
  channel: string;
  contact: { id: string; name: string | null; address: string; avatarUrl: string | null };
  state: "open" | "archived";
  unreadCount: number;
  assignee: Assignee | null;
  teamId: string | null;
  lastMessage: { id: string; direction: "inbound" | "outbound"; preview: string; timestamp: string } | null;
  lastMessageDate: string;
  messagingWindow: MessagingWindow;
  canSend: string[];
  createdAt: string;
  updatedAt: string;
}

export interface Sender {
  type: "contact" | "user" | "apiKey" | "sharedLink" | "embed" | "businessApp";
  id: string;
  name: string | null;
  viewerId?: string;
}

export interface Failure {
  code: string;
  providerCode: string | null;
  title: string;
  detail: string | null;
  retryable: boolean;
}

export interface TimelineEntry {
  at: string;
  event: string;
  attempt: number | null;
  detail: any;
  text: string;
}

/** Tagged by `type`; the fields of each type are in `openapi.json`. */
export interface Content {
  type: string;
  [field: string]: any;
}

export interface Message {
  id: string;
  conversationId: string;
  direction: "inbound" | "outbound";
  timestamp: string;
  content: Content;
  status: Status;
  sender: Sender;
  replyTo: string | null;
  reactions: { emoji: string; sender: Sender; timestamp: string }[];
  failure: Failure | null;
  scheduledAt: string | null;
  editedAt?: string | null;
  deletedAt?: string | null;
  context?: any;
  clientReference?: string | null;
  timeline?: TimelineEntry[];
}

/** A message that has not been answered for by the API yet. */
export interface Sending {
  key: string;
  conversationId: string;
  body: { content: Content; replyTo?: string; onClosedWindow?: string; [field: string]: any };
  at: string;
  state: "sending" | "waiting" | "refused";
  problem: Problem | null;
  /** The session under which it was last tried. */
  session: string | null;
  /** Shown instead of what the API cannot know yet. */
  preview?: { url?: string; name?: string };
}

export interface Inbox {
  id: string;
  name: string;
  channel: string;
  externalId: string;
  status: { state: string; reasons: string[] };
  config: any;
  capabilities?: any;
}

export interface Template {
  id: string;
  name: string;
  language: string;
  status: string;
  category: string;
  components: any[];
}

export interface LiveEvent {
  id: string;
  type: string;
  sequence: number | null;
  inboxId: string | null;
  conversationId: string | null;
  messageId: string | null;
  data: any;
}
