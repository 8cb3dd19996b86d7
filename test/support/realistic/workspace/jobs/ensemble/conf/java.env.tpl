SERVER_JVMFLAGS="-Xmx{{div (mul (int (get "maand/job/ensemble" "memory")) 3) 4}}m"
