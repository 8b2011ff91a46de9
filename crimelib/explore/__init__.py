"""What an analyst asks of the figures in JupyterLab: short questions, live answers, and the way back to a notebook.

Nothing here is protected: figures are as counted, for the analyst's eyes. Outputs carry a mark (:data:`EXPLORED_TYPE`)
that no pack accepts.
"""

from crimelib.start_up import keep_to_one_thread

keep_to_one_thread()

EXPLORED_TYPE = "application/vnd.crimelib.explored+json"
NOT_FOR_SHARING = "As counted, not protected: for the analyst only."
