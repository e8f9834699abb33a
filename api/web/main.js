document.title = "Inbox";
