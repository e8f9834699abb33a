// Times as a phone writes them, in the viewer's zone.
const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit" });
const date = new Intl.DateTimeFormat([], { day: "numeric", month: "short" });
const long = new Intl.DateTimeFormat([], { weekday: "long", day: "numeric", month: "long" });

export const time = (at) => clock.format(new Date(at));
export const shortDay = (at) => (new Date(at).toDateString() === new Date().toDateString() ? time(at) : date.format(new Date(at)));
export function dayName(at) {
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / 86_400_000);
  return days === 0 ? "Today" : days === 1 ? "Yesterday" : long.format(new Date(at));
}
