"""What people are told: the inbox, mails, and who wants which."""
